//! Servers that are gone, hang or are full, asked by one call at a time.

use core::time::Duration;
use std::time::Instant;

use limits::window::{Fixed, Gcra, Moving};
use limits::{Ask, Clock, EtcdStorage, Keeps, RateLimitItem, StorageErrorKind, SystemClock};
use limits_tests::servers::{EtcdOptions, EtcdServer};

use super::{LONGEST, Outcome, hit, hit_again, storage};

/// Units admitted, from now on as long as hits pass.
pub(super) async fn rest(storage: &EtcdStorage, item: &RateLimitItem<'_>, id: &str) -> u64 {
    let mut admitted = 0;
    while hit_again(storage, Fixed, item, id)
        .await
        .is_ok_and(|decision| decision.allowed())
    {
        admitted += 1;
    }
    admitted
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_found_again_with_its_counters() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = EtcdStorage::from_uri(&server.uri())?;
    let item = RateLimitItem::per_hour(10);
    assert!(hit_again(&storage, Fixed, &item, "a").await?.allowed());
    for round in 1..=3 {
        server.kill()?;
        for _ in 0..2 {
            let start = Instant::now();
            let error = hit(&storage, Fixed, &item, "a")
                .await
                .expect_err("it is gone");
            assert_eq!(error.kind(), StorageErrorKind::Unavailable, "{error}");
            assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
        }
        server.restart()?;
        let decision = hit_again(&storage, Fixed, &item, "a").await?;
        assert_eq!(decision.remaining(), 9 - round, "{decision:?}");
    }
    assert_eq!(rest(&storage, &item, "a").await, 6);
    Ok(())
}

#[tokio::test]
async fn a_server_that_hangs_is_late_and_goes_on_with_what_it_has() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = EtcdStorage::from_uri(&server.uri())?;
    let item = RateLimitItem::per_hour(5);
    for _ in 0..4 {
        assert!(hit_again(&storage, Fixed, &item, "a").await?.allowed());
    }
    server.stop()?;
    for _ in 0..2 {
        let start = Instant::now();
        let error = hit(&storage, Fixed, &item, "a")
            .await
            .expect_err("it hangs");
        assert_eq!(error.kind(), StorageErrorKind::Timeout, "{error}");
        assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    }
    server.resume()?;
    // A hit that was late took a unit, or none.
    assert!(rest(&storage, &item, "a").await <= 1);
    assert!(hit(&storage, Gcra, &item, "b").await?.allowed());
    Ok(())
}

#[tokio::test]
async fn the_next_server_is_asked_when_one_is_gone_or_hangs() -> Outcome {
    let (gone, server) = (EtcdServer::start()?, EtcdServer::start()?);
    let uri = format!("etcd://{},{}", gone.address(), server.address());
    let item = RateLimitItem::per_hour(100);
    gone.stop()?;
    let storage = EtcdStorage::from_uri(&uri)?;
    let start = Instant::now();
    let first = hit(&storage, Fixed, &item, "a").await;
    println!("{:?}: {first:?}", start.elapsed());
    assert!(start.elapsed() < 2 * LONGEST, "{:?}", start.elapsed());
    let start = Instant::now();
    assert!(hit(&storage, Fixed, &item, "a").await?.allowed());
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    gone.kill()?;
    let storage = EtcdStorage::from_uri(&uri)?;
    assert!(hit(&storage, Fixed, &item, "a").await?.allowed());
    Ok(())
}

#[tokio::test]
async fn a_full_database_is_told() -> Outcome {
    let server = EtcdOptions::new().with_quota(120_000).start()?;
    let storage = storage(&server)?;
    let value = "x".repeat(40_000);
    while server.cli(&["put", "other", &value]).is_ok() {}
    let item = RateLimitItem::per_hour(100);
    let error = hit(&storage, Fixed, &item, "a")
        .await
        .expect_err("it is full");
    assert_eq!(error.kind(), StorageErrorKind::Full, "{error}");
    assert_eq!(server.leases()?, []);
    let ask = Ask::new(Fixed, &item, "a", 1);
    assert!(storage.peek(ask, SystemClock.now()).await?.allowed());
    Ok(())
}

/// 1,000 units at 1,000 instants are 9 KB.
#[tokio::test]
async fn a_window_too_large_for_a_request_is_told() -> Outcome {
    let options = EtcdOptions::new().with_flag("max-request-bytes", "8192");
    let server = options.start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_hour(2_000);
    for number in 0..1_500 {
        match hit(&storage, Moving, &item, "a").await {
            Ok(decision) => assert!(decision.allowed(), "{number}"),
            Err(error) => {
                assert_eq!(error.kind(), StorageErrorKind::Full, "{error}");
                assert!(number > 500, "{number}");
                assert_eq!(server.leases()?.len(), 1);
                return Ok(());
            }
        }
    }
    Err("all of them fitted".into())
}
