use core::time::Duration;
use std::sync::Arc;

use limits::StorageErrorKind::{Timeout, Unavailable};
use limits::StrategyName::{
    FixedWindow, FixedWindowElasticExpiry, MovingWindow, SlidingWindowCounter,
};
use limits::{FixedWindowRateLimiter, RateLimitItem, RedisClusterStorage, storage_from_string};
use limits_tests::servers::{self, RedisCluster, RedisServer};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::load::{Load, assert_failed_as, item};
use super::{Outcome, alone, meanwhile};

/// Enough that every primary has keys of some.
const USERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Nodes take two seconds to see that one is down, and some to elect another.
const FAILOVER: Duration = Duration::from_secs(15);

/// As that of sentinels.
const LOST: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_is_replaced() -> Outcome {
    let _alone = alone().await;
    let cluster = RedisCluster::start()?;
    let old = &cluster.primaries()?[0];
    let load = Load::start(&cluster.uri(), &USERS)?;
    let killed = || old.kill().and_then(|()| cluster.wait_until_ok());
    load.outlives(killed, FAILOVER).await?;
    let seen = load.ends_within_limits(LOST).await?;
    println!(
        "primary of a cluster killed: {} hits failed",
        seen.all_failed()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_hangs_is_replaced() -> Outcome {
    let _alone = alone().await;
    let cluster = RedisCluster::start()?;
    let old = &cluster.primaries()?[0];
    let load = Load::start(&cluster.uri(), &USERS)?;
    load.outlives(|| old.stop(), FAILOVER).await?;
    meanwhile(|| old.resume()).await?;
    load.ends_within_limits(LOST).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_pauses_charges_nobody_twice() -> Outcome {
    let _alone = alone().await;
    let cluster = RedisCluster::start()?;
    let limiter = storage_from_string(&cluster.uri())?.limiter(MovingWindow)?;
    let limiter = Arc::new(limiter);
    let item = RateLimitItem::per_hour(5);
    for pause_ms in [200, 300, 400, 450] {
        // Every node has keys, and knows the script, before one of them pauses.
        let users: Vec<String> = (0..60).map(|user| format!("{pause_ms}-{user}")).collect();
        let _ = limiter.hit(&item, "to connect", 1).await?;
        let old = &cluster.primaries()?[0];
        meanwhile(|| old.stop()).await?;
        let mut hits = JoinSet::new();
        for user in users.clone() {
            let limiter = Arc::clone(&limiter);
            hits.spawn(async move { limiter.hit(&item, &user, 1).await.is_ok() });
        }
        sleep(Duration::from_millis(pause_ms)).await;
        meanwhile(|| old.resume()).await?;
        hits.join_all().await;
        // What has been given up may still be on its way.
        sleep(Duration::from_secs(1)).await;
        for user in &users {
            let left = limiter.get_window_stats(&item, user).await?.remaining;
            assert!(left >= 4, "{user}: {left} of 5 are left after one hit");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_are_flushed_under_load_are_sent_again() -> Outcome {
    let _alone = alone().await;
    let cluster = RedisCluster::start()?;
    let load = Load::start(&cluster.uri(), &USERS)?;
    for _ in 0..5 {
        load.admits_more(FAILOVER).await?;
        for node in cluster.nodes() {
            meanwhile(|| node.cli(&["SCRIPT", "FLUSH"])).await?;
        }
    }
    let seen = load.ends_within_limits(0).await?;
    assert_eq!(seen.all_failed(), 0, "{seen:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_move_under_load_keep_their_limits() -> Outcome {
    let _alone = alone().await;
    let cluster = RedisCluster::start()?;
    let strategies = [FixedWindow, FixedWindowElasticExpiry, MovingWindow];
    let load = Load::start_by(&strategies, &cluster.uri(), &["a"])?;
    for strategy in strategies {
        load.admits_more(FAILOVER).await?;
        let key = format!("LIMITS:{}", item(strategy.as_str()).key_for("a"));
        let slot = cluster.slot_of_key(&key)?;
        let to = another_primary(&cluster, slot)?;
        let migration = meanwhile(|| cluster.begin_migration(slot, to)).await?;
        load.admits_more(FAILOVER).await?;
        meanwhile(|| migration.move_keys()).await?;
        load.admits_more(FAILOVER).await?;
        meanwhile(|| migration.finish()).await?;
    }
    load.admits_more(FAILOVER).await?;
    let seen = load.ends_within_limits(0).await?;
    println!("slots moved: {} hits failed", seen.all_failed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sliding_counter_is_back_when_its_slot_has_moved() -> Outcome {
    let _alone = alone().await;
    let cluster = RedisCluster::start()?;
    let load = Load::start_by(&[SlidingWindowCounter], &cluster.uri(), &["a"])?;
    load.admits_more(FAILOVER).await?;
    let key = item(SlidingWindowCounter.as_str()).key_for("a").to_string();
    let slot = cluster.slot_of_key(&format!("LIMITS:{{{key}}}"))?;
    let to = another_primary(&cluster, slot)?;
    let migration = meanwhile(|| cluster.begin_migration(slot, to)).await?;
    sleep(Duration::from_secs(1)).await;
    meanwhile(|| migration.move_keys()).await?;
    meanwhile(|| migration.finish()).await?;
    load.admits_more(FAILOVER).await?;
    assert_failed_as(&load.seen(), &[Unavailable, Timeout]);
    load.ends_within_limits(0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_reached_by_one_node_that_is_there() -> Outcome {
    let _alone = alone().await;
    let cluster = RedisCluster::start()?;
    let node = cluster.nodes()[4].address();
    let uri = format!("redis+cluster://127.0.0.1:1,{node}");
    let limiter = FixedWindowRateLimiter::new(RedisClusterStorage::from_uri(&uri)?);
    for user in USERS {
        let decision = limiter.hit(&RateLimitItem::per_minute(1), user, 1).await?;
        assert!(decision.allowed());
    }
    Ok(())
}

fn another_primary(cluster: &RedisCluster, slot: u16) -> Result<&RedisServer, servers::Error> {
    let owner = cluster.owner_of_slot(slot)?.port();
    let mut others = cluster.primaries()?.into_iter();
    let other = others.find(|primary| primary.port() != owner);
    Ok(other.expect("there are three primaries"))
}
