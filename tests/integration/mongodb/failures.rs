//! What is answered when the document or the server is not as it should be.

use core::time::Duration;
use std::time::Instant;

use limits::window::{Fixed, Gcra, Moving, SlidingCounter};
use limits::{
    FixedWindowRateLimiter, MongoDbStorage, RateLimitItem, Storage, StorageError, StorageErrorKind,
};
use limits_tests::servers::{MongoDbOptions, MongoDbReplicaSet, MongoDbServer};
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
    assert!(is_of_servers(&error), "{error}");
}

fn is_of_servers(error: &StorageError) -> bool {
    matches!(
        error.kind(),
        StorageErrorKind::Unavailable | StorageErrorKind::Timeout
    )
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

/// What a majority has is not lost, and a hit without an answer may have been taken.
#[tokio::test(flavor = "multi_thread")]
async fn three_servers_outlive_their_primary_and_admit_no_more_than_the_limit()
-> Result<(), StorageError> {
    let set = MongoDbReplicaSet::start().expect("MongoDB starts");
    let storage = MongoDbStorage::from_uri(&set.uri())?;
    recovered(&storage).await;
    let item = RateLimitItem::per_day(200);
    let limiter = FixedWindowRateLimiter::new(storage);
    let (mut admitted, mut is_killed) = (0, false);
    let begin = Instant::now();
    loop {
        assert!(begin.elapsed() < Duration::from_secs(60), "{admitted}");
        let asked = Instant::now();
        match limiter.hit(&item, "u", 1).await {
            Ok(decision) if decision.allowed() => admitted += 1,
            Ok(_) => break,
            Err(error) => assert!(is_of_servers(&error), "{error}"),
        }
        assert!(asked.elapsed() < BOUND, "{:?}", asked.elapsed());
        if admitted == 20 && !is_killed {
            set.primary()
                .expect("there is one")
                .kill()
                .expect("it runs");
            is_killed = true;
        }
    }
    // Each failed hit waited for a second, and may have been taken.
    assert!((170..=200).contains(&admitted), "{admitted}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_encrypted_if_the_uri_says_so() -> Result<(), StorageError> {
    let server = MongoDbOptions::new().with_tls().with_user("app", "secret");
    let server = server.start().expect("MongoDB starts");
    let storage = MongoDbStorage::from_uri(&server.uri())?;
    recovered(&storage).await;
    let limiter = FixedWindowRateLimiter::new(storage);
    let item = RateLimitItem::per_day(1);
    assert!(limiter.hit(&item, "u", 1).await?.allowed());
    assert!(!limiter.hit(&item, "u", 1).await?.allowed());
    let host = format!("app:secret@127.0.0.1:{}", server.port());
    for wrong in [
        format!("mongodb://{host}/"),
        // The authority is not one that the system trusts.
        format!("mongodb://{host}/?tls=true"),
    ] {
        let storage = MongoDbStorage::from_uri(&wrong)?;
        let begin = Instant::now();
        let error = storage
            .check()
            .await
            .expect_err("it is not encrypted, or not trusted");
        assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    Ok(())
}
