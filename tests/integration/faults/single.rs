use core::time::Duration;

use limits::StorageErrorKind::{Timeout, Unavailable};
use limits_tests::servers::{RedisOptions, RedisServer};
use tokio::time::sleep;

use super::load::{Load, assert_failed_as};
use super::{Outcome, alone, meanwhile};

const USERS: [&str; 2] = ["a", "b"];
const SHORTLY: Duration = Duration::from_millis(400);

/// The longest pause between two attempts to connect, a connection, and a busy machine.
const RECOVERY: Duration = Duration::from_millis(1_000 + 500 + 1_000);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_that_kept_its_data_goes_on_where_it_was() -> Outcome {
    let _alone = alone().await;
    let server = RedisOptions::new().with_persistence().start()?;
    let load = Load::start(&server.uri(), &USERS)?;
    load.admits_more(RECOVERY).await?;
    meanwhile(|| server.kill()).await?;
    sleep(SHORTLY).await;
    assert_failed_as(&load.seen(), &[Unavailable]);
    meanwhile(|| server.restart()).await?;
    load.admits_more(RECOVERY).await?;
    load.ends_within_limits(0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_fails_calls_in_time_and_goes_on_after() -> Outcome {
    let _alone = alone().await;
    let server = RedisServer::start()?;
    let load = Load::start(&server.uri(), &USERS)?;
    load.admits_more(RECOVERY).await?;
    meanwhile(|| server.stop()).await?;
    sleep(Duration::from_secs(3)).await;
    assert_failed_as(&load.seen(), &[Timeout]);
    meanwhile(|| server.resume()).await?;
    load.admits_more(RECOVERY).await?;
    load.ends_within_limits(0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_closed_meanwhile_is_not_noticed() -> Outcome {
    let _alone = alone().await;
    let server = RedisServer::start()?;
    let load = Load::start(&server.uri(), &USERS)?;
    load.admits_more(RECOVERY).await?;
    let idle = limits::storage_from_string(&server.uri())?;
    limits::Storage::check(&idle).await?;
    meanwhile(|| server.cli(&["CLIENT", "KILL", "TYPE", "normal"])).await?;
    sleep(SHORTLY).await;
    limits::Storage::check(&idle).await?;
    load.admits_more(RECOVERY).await?;
    // Of the hits on their way some may be lost, and no others.
    let seen = load.ends_within_limits(0).await?;
    assert!(seen.all_failed() <= 20, "{seen:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_are_flushed_under_load_are_sent_again() -> Outcome {
    let _alone = alone().await;
    let server = RedisServer::start()?;
    let load = Load::start(&server.uri(), &USERS)?;
    for _ in 0..20 {
        load.admits_more(RECOVERY).await?;
        meanwhile(|| server.cli(&["SCRIPT", "FLUSH"])).await?;
    }
    let seen = load.ends_within_limits(0).await?;
    assert_eq!(seen.all_failed(), 0, "{seen:?}");
    Ok(())
}
