//! What is wrong with the storage of Python `limits` 5.8, by the numbers of its list.

use core::time::Duration;

use limits::window::{Fixed, Moving, SlidingCounter};
use limits::{RateLimitItem, Storage, StorageError, StorageErrorKind};
use mongodb::bson::doc;
use tokio::task::JoinSet;

use super::server::{Database, in_millis, key};

/// Seconds as Python writes them.
fn seconds(millis: i64) -> f64 {
    let millis = in_millis(millis).timestamp_millis();
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    text.parse().expect("it is a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_a_moving_window_whose_units_are_all_released_reads_as_untouched()
-> Result<(), StorageError> {
    let (database, item) = (Database("b5"), RateLimitItem::per_second(5));
    let limiter = database.limiter::<Moving>();
    let entries = [seconds(-2_000), seconds(-2_500)];
    let stale = doc! { "entries": entries.to_vec(), "expireAt": in_millis(-1_000) };
    database.put("windows", &key(&item), stale);
    let stats = limiter.get_window_stats(&item, "u").await?;
    assert_eq!(stats.remaining, 5, "{stats:?}");
    assert_eq!(stats.reset_time, stats.now, "{stats:?}");
    assert!(limiter.hit(&item, "u", 5).await?.allowed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn b6_a_sliding_counter_several_windows_old_admits_no_more_than_the_amount()
-> Result<(), StorageError> {
    let database = Database("b6");
    let limiter = database.limiter::<SlidingCounter>();
    for age in [0, 1, 5_000, 60_000] {
        let item = RateLimitItem::per_second(5).with_namespace("b6");
        let stale = doc! {
            "previousCount": 5,
            "currentCount": 5,
            "expireAt": in_millis(-age),
        };
        database.put("windows", &key(&item), stale);
        let mut admitted = 0;
        for _ in 0..30 {
            admitted += u64::from(limiter.hit(&item, "u", 1).await?.allowed());
            limiter.get_window_stats(&item, "u").await?;
        }
        // On a busy machine hits may come in the next window.
        assert!((5..=9).contains(&admitted), "{age} ms: {admitted}");
        limiter.clear(&item, "u").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn b6_a_sliding_counter_of_the_window_before_counts_by_its_part() -> Result<(), StorageError>
{
    let (database, item) = (Database("b6_turned"), RateLimitItem::per_hour(10));
    let limiter = database.limiter::<SlidingCounter>();
    // The window ended half an hour ago: half of its 6 units count.
    let turned = doc! {
        "previousCount": 9,
        "currentCount": 6,
        "expireAt": in_millis(1_800_000),
    };
    database.put("windows", &key(&item), turned);
    let stats = limiter.get_window_stats(&item, "u").await?;
    assert!((7..=8).contains(&stats.remaining), "{stats:?}");
    assert!(limiter.hit(&item, "u", 7).await?.allowed());
    let document = database.document("windows");
    assert_eq!(document.get_i64("currentCount").ok(), Some(7));
    // As another wrote it.
    assert_eq!(document.get_i32("previousCount").ok(), Some(6));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn b7_the_indexes_are_there_after_a_reset() -> Result<(), StorageError> {
    let (database, item) = (Database("b7"), RateLimitItem::per_minute(5));
    let limiter = database.limiter::<Fixed>();
    assert!(limiter.hit(&item, "u", 1).await?.allowed());
    let expected = [
        ("_id_".to_owned(), None),
        ("expireAt_1".to_owned(), Some(0)),
    ];
    for collection in ["counters", "windows"] {
        assert_eq!(database.index_names(collection), expected);
    }
    assert_eq!(limiter.storage().reset().await?, 1);
    for collection in ["counters", "windows"] {
        assert_eq!(database.index_names(collection), expected);
        assert_eq!(database.documents(collection), []);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn b8_an_untouched_key_is_reset_now_in_every_time_zone() -> Result<(), StorageError> {
    let (database, item) = (Database("b8"), RateLimitItem::per_minute(5));
    let stats = database
        .limiter::<Fixed>()
        .get_window_stats(&item, "u")
        .await?;
    assert_eq!((stats.remaining, stats.reset_time), (5, stats.now));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn b9_first_hits_that_come_together_are_all_admitted() -> Result<(), StorageError> {
    let database = Database("b9");
    let storages: Vec<_> = (0..4).map(|_| database.limiter::<Moving>()).collect();
    let storages: Vec<_> = storages.into_iter().map(std::sync::Arc::new).collect();
    let item = RateLimitItem::per_hour(1_000);
    for round in 0..10 {
        let mut tasks = JoinSet::new();
        for number in 0..32 {
            let limiter = std::sync::Arc::clone(&storages[number % 4]);
            let id = format!("user {round}");
            tasks.spawn(async move { limiter.hit(&item, id.as_str(), 1).await });
        }
        let mut admitted = 0;
        while let Some(hit) = tasks.join_next().await {
            admitted += u64::from(hit.expect("no task panics")?.allowed());
        }
        assert_eq!(admitted, 32);
        let id = format!("user {round}");
        let stats = storages[0].get_window_stats(&item, id.as_str());
        assert_eq!(stats.await?.remaining, 968);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_a_moving_window_and_a_sliding_counter_never_touch_each_other()
-> Result<(), StorageError> {
    let (database, item) = (Database("b10"), RateLimitItem::per_second(5));
    let moving = database.limiter::<Moving>();
    let sliding = database.limiter::<SlidingCounter>();
    assert!(moving.hit(&item, "u", 3).await?.allowed());
    let before = database.document("windows");
    let hit = sliding.hit(&item, "u", 1).await.expect_err("another's");
    let test = sliding.test(&item, "u", 1).await.expect_err("another's");
    for error in [hit, test] {
        assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("share a document"), "{error}");
        assert!(!error.to_string().contains("LIMITER"), "{error}");
    }
    assert_eq!(database.document("windows"), before);
    // Who comes when it is over has the document for itself.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(sliding.hit(&item, "u", 5).await?.allowed());
    let error = moving.hit(&item, "u", 1).await.expect_err("another's");
    assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
    Ok(())
}
