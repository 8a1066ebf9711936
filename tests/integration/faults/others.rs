//! Servers other than Redis that are killed, hang, or lose their leader under load.

use core::time::Duration;

use limits::StorageErrorKind::{Timeout, Unavailable};
use limits::StrategyName;
use limits_tests::servers::{
    Error, EtcdCluster, EtcdServer, MemcachedServer, MongoDbOptions, MongoDbReplicaSet,
    MongoDbServer,
};
use tokio::time::sleep;

use super::load::{Load, assert_failed_as};
use super::{Outcome, alone, meanwhile};

const USERS: [&str; 2] = ["a", "b"];
const SHORTLY: Duration = Duration::from_millis(400);

/// As for a Redis, and longer connections.
const RECOVERY: Duration = Duration::from_secs(5);

/// MongoDB's driver looks after a server every ten seconds.
const MONGODB_RECOVERY: Duration = Duration::from_secs(10 + 5);

/// The longest election, and a busy machine.
const ELECTION: Duration = Duration::from_secs(30);

/// In MongoDB every hit on a moving window goes through all of its units.
const WITHOUT_MOVING: &[StrategyName] = &[
    StrategyName::FixedWindow,
    StrategyName::FixedWindowElasticExpiry,
    StrategyName::SlidingWindowCounter,
    StrategyName::Gcra,
];

async fn outlives_a_kill(
    (load, recovery): (Load, Duration),
    kill: impl FnOnce() -> Result<(), Error>,
    restart: impl FnOnce() -> Result<(), Error>,
) -> Outcome {
    load.admits_more(recovery).await?;
    meanwhile(kill).await?;
    sleep(SHORTLY).await;
    meanwhile(restart).await?;
    load.admits_more(recovery).await?;
    assert_failed_as(&load.seen(), &[Unavailable, Timeout]);
    load.ends_within_limits(0).await?;
    Ok(())
}

async fn outlives_a_stop(
    (load, recovery): (Load, Duration),
    stop: impl FnOnce() -> Result<(), Error>,
    resume: impl FnOnce() -> Result<(), Error>,
) -> Outcome {
    load.admits_more(recovery).await?;
    meanwhile(stop).await?;
    sleep(Duration::from_secs(3)).await;
    assert_failed_as(&load.seen(), &[Timeout, Unavailable]);
    meanwhile(resume).await?;
    load.admits_more(recovery).await?;
    load.ends_within_limits(0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_etcd_goes_on_where_it_was() -> Outcome {
    let _alone = alone().await;
    let server = EtcdServer::start()?;
    let load = Load::start(&server.uri(), &USERS)?;
    outlives_a_kill((load, RECOVERY), || server.kill(), || server.restart()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_etcd_that_hangs_fails_calls_in_time_and_goes_on_after() -> Outcome {
    let _alone = alone().await;
    let server = EtcdServer::start()?;
    let load = Load::start(&server.uri(), &USERS)?;
    outlives_a_stop((load, RECOVERY), || server.stop(), || server.resume()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_etcds_go_on_without_their_leader() -> Outcome {
    let _alone = alone().await;
    let cluster = EtcdCluster::start()?;
    let load = Load::start(&cluster.uri(), &USERS)?;
    load.outlives(|| cluster.leader()?.kill(), ELECTION).await?;
    load.ends_within_limits(0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_mongodb_goes_on_where_it_was() -> Outcome {
    let _alone = alone().await;
    let server = MongoDbOptions::new().as_replica_set().start()?;
    let load = Load::start_by(WITHOUT_MOVING, &server.uri(), &USERS)?;
    outlives_a_kill(
        (load, MONGODB_RECOVERY),
        || server.kill(),
        || server.restart(),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_that_hangs_fails_calls_in_time_and_goes_on_after() -> Outcome {
    let _alone = alone().await;
    let server = MongoDbServer::start()?;
    let load = Load::start_by(WITHOUT_MOVING, &server.uri(), &USERS)?;
    outlives_a_stop(
        (load, MONGODB_RECOVERY),
        || server.stop(),
        || server.resume(),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_mongodbs_go_on_without_their_primary() -> Outcome {
    let _alone = alone().await;
    let set = MongoDbReplicaSet::start()?;
    let load = Load::start_by(WITHOUT_MOVING, &set.uri(), &USERS)?;
    load.outlives(|| set.primary()?.kill(), ELECTION).await?;
    load.ends_within_limits(0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_memcached_that_hangs_fails_calls_in_time_and_goes_on_after() -> Outcome {
    let _alone = alone().await;
    let server = MemcachedServer::start(&[])?;
    let load = Load::start(&server.uri(), &USERS)?;
    outlives_a_stop((load, RECOVERY), || server.stop(), || server.resume()).await
}
