//! What is answered when the document or the server is not as it should be.

use core::time::Duration;
use std::time::Instant;

use limits::window::{Fixed, Gcra, Moving, SlidingCounter};
use limits::{
    FixedWindowRateLimiter, MongoDbStorage, RateLimitItem, Storage, StorageError, StorageErrorKind,
};
use limits_tests::servers::{MongoDbOptions, MongoDbServer};
use mongodb::bson::doc;

use super::server::{Database, in_millis, key};

/// Both timeouts together, and what a busy machine needs.
const BOUND: Duration = Duration::from_secs(4);

/// Waits until the server answers again, at most half a minute.
async fn recovered(storage: &MongoDbStorage) {
    let begin = Instant::now();
    while let Err(error) = storage.check().await {
        assert!(begin.elapsed() < Duration::from_secs(30), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn fails_in_time(limiter: &FixedWindowRateLimiter<MongoDbStorage>, item: &RateLimitItem<'_>) {
    let begin = Instant::now();
    let error = limiter.hit(item, "u", 1).await;
    let error = error.expect_err("nobody answers");
    assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
    let kind = error.kind();
    assert!(
        matches!(
            kind,
            StorageErrorKind::Unavailable | StorageErrorKind::Timeout
        ),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_are_not_ours_are_corrupt_and_stay() {
    let (database, item) = (Database("corrupt"), RateLimitItem::per_minute(5));
    let counter = doc! { "count": "many", "expireAt": in_millis(60_000) };
    database.put("counters", &key(&item), counter);
    let window = doc! { "entries": ["now"], "currentCount": "many", "expireAt": 5 };
    database.put("windows", &key(&item), window);
    database.put(
        "windows",
        &format!("{}/gcra", key(&item)),
        doc! { "fullAt": 1.5 },
    );
    let before = [
        database.documents("counters"),
        database.documents("windows"),
    ];
    let (moving, sliding) = (
        database.limiter::<Moving>(),
        database.limiter::<SlidingCounter>(),
    );
    let (fixed, gcra) = (database.limiter::<Fixed>(), database.limiter::<Gcra>());
    for answer in [
        fixed.hit(&item, "u", 1).await,
        fixed.test(&item, "u", 1).await,
        moving.hit(&item, "u", 1).await,
        moving.test(&item, "u", 1).await,
        sliding.hit(&item, "u", 1).await,
        sliding.test(&item, "u", 1).await,
        gcra.hit(&item, "u", 1).await,
        gcra.test(&item, "u", 1).await,
    ] {
        let error = answer.expect_err("it is no window");
        assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
    }
    let entries = doc! { "entries": ["now"], "expireAt": in_millis(60_000) };
    database.put("windows", &key(&item), entries);
    let error = moving
        .hit(&item, "u", 1)
        .await
        .expect_err("it is no window");
    assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
    assert_eq!(database.documents("counters"), before[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_unavailable() {
    let storage = MongoDbStorage::from_uri("mongodb://127.0.0.1:9/?connect_timeout_ms=300");
    let limiter = FixedWindowRateLimiter::new(storage.expect("the URI is right"));
    let begin = Instant::now();
    let error = limiter
        .hit(&RateLimitItem::per_minute(5), "secret-user", 1)
        .await;
    let error = error.expect_err("nobody answers");
    assert_eq!(error.kind(), StorageErrorKind::Unavailable, "{error}");
    assert!(!format!("{error:?}").contains("secret-user"), "{error:?}");
    assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_answers_after_its_restart_and_forgets_nothing() -> Result<(), StorageError>
{
    for options in [
        MongoDbOptions::new(),
        MongoDbOptions::new().as_replica_set(),
    ] {
        let server = options.start().expect("MongoDB starts");
        let first = if server.uri().contains('?') { '&' } else { '?' };
        let uri = format!("{}{first}journal=true&w=1", server.uri());
        let storage = MongoDbStorage::from_uri(&uri)?;
        let item = RateLimitItem::per_day(10);
        recovered(&storage).await;
        let limiter = FixedWindowRateLimiter::new(storage);
        assert!(limiter.hit(&item, "u", 7).await?.allowed());
        server.kill().expect("it runs");
        fails_in_time(&limiter, &item).await;
        server.restart().expect("MongoDB starts");
        recovered(limiter.storage()).await;
        let stats = limiter.get_window_stats(&item, "u").await?;
        assert_eq!(stats.remaining, 3, "{stats:?}");
        assert!(limiter.hit(&item, "u", 3).await?.allowed());
        assert!(!limiter.hit(&item, "u", 1).await?.allowed());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_a_timeout_and_answers_when_it_goes_on() -> Result<(), StorageError> {
    let server = MongoDbServer::start().expect("MongoDB starts");
    let storage = MongoDbStorage::from_uri(&server.uri())?;
    recovered(&storage).await;
    let item = RateLimitItem::per_day(100);
    let limiter = FixedWindowRateLimiter::new(storage);
    assert!(limiter.hit(&item, "u", 1).await?.allowed());
    server.stop().expect("it runs");
    for _ in 0..3 {
        fails_in_time(&limiter, &item).await;
    }
    server.resume().expect("it was stopped");
    recovered(limiter.storage()).await;
    let stats = limiter.get_window_stats(&item, "u").await?;
    // Hits without an answer may have been taken.
    assert!((96..=99).contains(&stats.remaining), "{stats:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_steps_down_is_written_to_again() -> Result<(), StorageError> {
    let server = MongoDbOptions::new().as_replica_set().start();
    let server = server.expect("MongoDB starts");
    let storage = MongoDbStorage::from_uri(&server.uri())?;
    recovered(&storage).await;
    let item = RateLimitItem::per_day(1_000);
    let limiter = FixedWindowRateLimiter::new(storage);
    assert!(limiter.hit(&item, "u", 1).await?.allowed());
    let step_down = doc! { "replSetStepDown": 2, "secondaryCatchUpPeriodSecs": 0, "force": true };
    // It may close the connection instead of answering.
    let _ = server.command("admin", step_down);
    let (begin, mut admitted) = (Instant::now(), 1);
    while admitted < 20 {
        assert!(begin.elapsed() < Duration::from_secs(30), "{admitted}");
        let asked = Instant::now();
        if limiter.hit(&item, "u", 1).await.is_ok() {
            admitted += 1;
        }
        assert!(asked.elapsed() < BOUND, "{:?}", asked.elapsed());
    }
    let stats = limiter.get_window_stats(&item, "u").await?;
    assert!(stats.remaining <= 980, "{stats:?}");
    Ok(())
}
