use core::time::Duration;

use limits::{MovingWindowRateLimiter, RateLimitItem, RedisSentinelStorage};
use limits_tests::servers::{self, RedisSentinels, RedisServer};

use super::load::Load;
use super::{Outcome, alone, meanwhile};

const USERS: [&str; 2] = ["a", "b"];

/// Sentinels take a second to see that the primary is down, some to agree, and
/// five more if their first election fails.
const FAILOVER: Duration = Duration::from_secs(15);

/// What 4 tasks a strategy, every 2 ms at most, can be told in the moments for which
/// a replica is behind: 100 ms on a busy machine.
const LOST: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_is_replaced() -> Outcome {
    let _alone = alone().await;
    let sentinels = RedisSentinels::start()?;
    let old = sentinels.primary()?;
    let load = Load::start(&sentinels.uri(), &USERS)?;
    let killed = || old.kill().and_then(|()| replaced(&sentinels, old));
    load.outlives(killed, FAILOVER).await?;
    let seen = load.ends_within_limits(LOST).await?;
    println!("primary killed: {} hits failed", seen.all_failed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_hangs_is_replaced() -> Outcome {
    let _alone = alone().await;
    let sentinels = RedisSentinels::start()?;
    let old = sentinels.primary()?;
    let load = Load::start(&sentinels.uri(), &USERS)?;
    let stopped = || old.stop().and_then(|()| replaced(&sentinels, old));
    load.outlives(stopped, FAILOVER).await?;
    meanwhile(|| old.resume()).await?;
    load.ends_within_limits(LOST).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_steps_down_is_left() -> Outcome {
    let _alone = alone().await;
    let sentinels = RedisSentinels::start()?;
    let load = Load::start(&sentinels.uri(), &USERS)?;
    load.admits_more(FAILOVER).await?;
    let old = sentinels.primary()?;
    meanwhile(|| sentinels.failover()).await?;
    meanwhile(|| replaced(&sentinels, old)).await?;
    load.admits_more(FAILOVER).await?;
    load.ends_within_limits(LOST).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_that_hang_or_are_gone_keep_nobody_waiting() -> Outcome {
    let _alone = alone().await;
    let sentinels = RedisSentinels::start()?;
    meanwhile(|| sentinels.sentinels()[0].stop()).await?;
    meanwhile(|| sentinels.sentinels()[1].kill()).await?;
    let storage = RedisSentinelStorage::from_uri(&sentinels.uri())?;
    let limiter = MovingWindowRateLimiter::new(storage);
    let decision = limiter.hit(&RateLimitItem::per_minute(1), "a", 1).await?;
    assert!(decision.allowed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tests_are_asked_of_replicas_only_if_wished() -> Outcome {
    let _alone = alone().await;
    let sentinels = RedisSentinels::start()?;
    let item = RateLimitItem::per_minute(5);
    for (option, expected) in [("", 4), ("?use_replicas=true", 5)] {
        let storage = RedisSentinelStorage::from_uri(&(sentinels.uri() + option))?;
        let limiter = MovingWindowRateLimiter::new(storage);
        limiter.clear(&item, "a").await?;
        // From now on the replica misses what is written.
        meanwhile(|| sentinels.replica()?.cli(&["REPLICAOF", "127.0.0.1", "1"])).await?;
        assert!(limiter.hit(&item, "a", 1).await?.allowed());
        let stats = limiter.get_window_stats(&item, "a").await?;
        assert_eq!(stats.remaining, expected, "{option}: {stats:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tests_are_asked_of_the_primary_if_there_is_no_replica() -> Outcome {
    let _alone = alone().await;
    let sentinels = RedisSentinels::start()?;
    let item = RateLimitItem::per_minute(5);
    let storage = RedisSentinelStorage::from_uri(&(sentinels.uri() + "?use_replicas=true"))?;
    let limiter = MovingWindowRateLimiter::new(storage);
    assert!(limiter.hit(&item, "a", 1).await?.allowed());
    meanwhile(|| sentinels.replica()?.kill()).await?;
    assert_eq!(limiter.get_window_stats(&item, "a").await?.remaining, 4);
    Ok(())
}

fn replaced(sentinels: &RedisSentinels, old: &RedisServer) -> Result<(), servers::Error> {
    sentinels.wait_for_other_primary(old).map(drop)
}
