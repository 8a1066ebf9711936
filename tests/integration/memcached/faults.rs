use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use limits::window::{Fixed, Gcra, Moving};
use limits::{Ask, Clock, Keeps, MemcachedStorage, RateLimitItem, StorageErrorKind, SystemClock};
use limits_tests::servers::MemcachedServer;
use tokio::task::JoinSet;

use super::{Outcome, storage};

/// More than a call may take by the default timeouts, and a busy machine.
const LONGEST: Duration = Duration::from_millis(1_000 + 500 + 1_000);

async fn hit(storage: &MemcachedStorage, id: &str) -> Result<bool, limits::StorageError> {
    let item = RateLimitItem::per_hour(5);
    let decision = storage
        .acquire(Ask::new(Fixed, &item, id, 1), SystemClock.now())
        .await?;
    Ok(decision.allowed())
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_found_again() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = MemcachedStorage::from_uri(&server.uri())?;
    assert!(hit(&storage, "a").await?);
    for _ in 0..3 {
        server.kill()?;
        let start = Instant::now();
        for _ in 0..2 {
            let error = hit(&storage, "a").await.expect_err("it is gone");
            assert_eq!(error.kind(), StorageErrorKind::Unavailable, "{error}");
        }
        assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
        server.restart()?;
        // It comes back empty: that is what memcached is.
        assert!(hit(&storage, "a").await?);
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_hangs_is_late_and_goes_on_with_what_it_has() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = MemcachedStorage::from_uri(&server.uri())?;
    for _ in 0..4 {
        assert!(hit(&storage, "a").await?);
    }
    server.stop()?;
    let start = Instant::now();
    let error = hit(&storage, "a").await.expect_err("it hangs");
    assert_eq!(error.kind(), StorageErrorKind::Timeout, "{error}");
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    server.resume()?;
    // The hit that was late took a unit, or none.
    let mut admitted = 0;
    for _ in 0..5 {
        admitted += u32::from(hit(&storage, "a").await?);
    }
    assert!(admitted <= 1, "{admitted}");
    assert!(hit(&storage, "b").await?);
    Ok(())
}

#[tokio::test]
async fn a_dropped_call_leaves_no_reply_for_the_next_one() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = Arc::new(storage(&server)?);
    let many = RateLimitItem::per_hour(1_000_000);
    let few = RateLimitItem::per_hour(3);
    for round in 0..200 {
        let ask = Ask::new(Fixed, &many, "dropped", 7);
        let mut dropped = Box::pin(storage.acquire(ask, SystemClock.now()));
        // So many polls that it is dropped in front of, in and after its exchanges.
        for _ in 0..round % 5 {
            let is_ready =
                |context: &mut Context<'_>| Poll::Ready(dropped.as_mut().poll(context).is_ready());
            if poll_fn(is_ready).await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(dropped);
        let id = round.to_string();
        let ask = Ask::new(Moving, &few, id.as_str(), 1);
        let decision = storage.acquire(ask, SystemClock.now()).await?;
        assert_eq!(
            (decision.allowed(), decision.remaining()),
            (true, 2),
            "{decision:?}"
        );
    }
    Ok(())
}

/// A full server forgets what was used least recently: keys that are hit stay.
#[tokio::test]
async fn keys_in_use_outlive_the_eviction_of_others() -> Outcome {
    let server = MemcachedServer::start(&["-m", "2"])?;
    let storage = Arc::new(storage(&server)?);
    let item = RateLimitItem::per_hour(1);
    let one = Ask::new(Gcra, &item, "in-use", 1);
    assert!(storage.acquire(one, SystemClock.now()).await?.allowed());
    for batch in 0..100 {
        let mut others = JoinSet::new();
        for number in 0..400 {
            let storage = Arc::clone(&storage);
            others.spawn(async move {
                let id = format!("other-{batch}-{number}-{:0200}", 0);
                let ask = Ask::new(Gcra, &item, id.as_str(), 1);
                storage
                    .acquire(ask, SystemClock.now())
                    .await
                    .map(|decision| decision.allowed())
            });
        }
        for allowed in others.join_all().await {
            assert!(allowed?);
        }
        let allowed = storage.acquire(one, SystemClock.now()).await?.allowed();
        assert!(!allowed, "forgotten after {batch} batches");
    }
    let evicted = server.ask("stats")?;
    let evicted = evicted
        .lines()
        .find_map(|line| line.strip_prefix("STAT evictions "));
    let evicted: u64 = evicted.unwrap_or_default().parse()?;
    assert!(evicted > 1_000, "{evicted} evictions");
    Ok(())
}

/// 1,000 units at 1,000 instants are 9 KB.
#[tokio::test]
async fn a_window_too_large_for_an_item_is_told() -> Outcome {
    let server = MemcachedServer::start(&["-I", "8k", "-o", "slab_chunk_max=4096"])?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_hour(2_000);
    for number in 0..1_000 {
        let ask = Ask::new(Moving, &item, "a", 1);
        match storage.acquire(ask, SystemClock.now()).await {
            Ok(decision) => assert!(decision.allowed(), "{number}"),
            Err(error) => {
                assert_eq!(error.kind(), StorageErrorKind::Full, "{error}");
                assert!(number > 500, "{number}");
                return Ok(());
            }
        }
    }
    Err("all of them fitted".into())
}
