use limits::StorageErrorKind::{Configuration, Full, Unavailable};
use limits::{RateLimitItem, Storage, StrategyName, storage_from_string};
use limits_tests::servers::{RedisCluster, RedisOptions, RedisSentinels, RedisServer};

use super::{Outcome, alone};

#[tokio::test]
async fn a_server_without_memory_is_full_and_charges_nothing() -> Outcome {
    let _alone = alone().await;
    let server = RedisOptions::new().with_max_memory(4_000_000).start()?;
    let storage = storage_from_string(&server.uri())?;
    let item = RateLimitItem::per_hour(3);
    for strategy in StrategyName::ALL.iter().copied() {
        let limiter = storage.limiter(strategy)?;
        let item = item.with_namespace(strategy.as_str());
        assert!(limiter.hit(&item, "a", 1).await?.allowed());
        server.cli(&["CONFIG", "SET", "maxmemory", "1"])?;
        for user in ["a", "b"] {
            let error = limiter.hit(&item, user, 1).await.expect_err("no memory");
            assert_eq!(error.kind(), Full, "{error}");
        }
        assert_eq!(limiter.test(&item, "a", 1).await?.remaining(), 2);
        server.cli(&["CONFIG", "SET", "maxmemory", "0"])?;
        assert!(limiter.hit(&item, "a", 2).await?.allowed());
        assert!(!limiter.hit(&item, "a", 1).await?.allowed());
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_a_mistake_in_the_configuration() -> Outcome {
    let _alone = alone().await;
    let options = RedisOptions::new().with_password("right");
    let server = options.start()?;
    let cluster = RedisCluster::start_with(&options)?;
    let sentinels = RedisSentinels::start_with(&options, &RedisOptions::new())?;
    for right in [
        server.uri(),
        cluster.uri(),
        sentinels.uri() + "?sentinel_password=",
    ] {
        storage_from_string(&right)?.check().await?;
        let wrong = right.replacen("right", "hunter2", 1);
        let storage = storage_from_string(&wrong)?;
        let error = storage.check().await.expect_err("the password is wrong");
        assert_eq!(error.kind(), Configuration, "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_replica_answers_tests_and_refuses_hits() -> Outcome {
    let _alone = alone().await;
    let primary = RedisServer::start()?;
    let replica = RedisOptions::new().with_replica_of(&primary).start()?;
    let storage = storage_from_string(&replica.uri())?;
    storage.check().await?;
    let item = RateLimitItem::per_hour(3);
    for strategy in StrategyName::ALL.iter().copied() {
        let limiter = storage.limiter(strategy)?;
        assert!(limiter.test(&item, "a", 1).await?.allowed());
        assert_eq!(limiter.get_window_stats(&item, "a").await?.remaining, 3);
        let error = limiter.hit(&item, "a", 1).await.expect_err("read-only");
        assert_eq!(error.kind(), Unavailable, "{error}");
        assert!(error.to_string().contains("read only"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_replica_that_becomes_a_primary_takes_hits_at_once() -> Outcome {
    let _alone = alone().await;
    let primary = RedisServer::start()?;
    let replica = RedisOptions::new().with_replica_of(&primary).start()?;
    let limiter = storage_from_string(&replica.uri())?.limiter(StrategyName::MovingWindow)?;
    let item = RateLimitItem::per_hour(3);
    assert!(limiter.hit(&item, "a", 1).await.is_err());
    replica.cli(&["REPLICAOF", "NO", "ONE"])?;
    assert!(limiter.hit(&item, "a", 1).await?.allowed());
    Ok(())
}
