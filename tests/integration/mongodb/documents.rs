//! What is stored: Python's documents, and one of ours.

use limits::RateLimitItem;
use limits::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};
use mongodb::bson::{Bson, DateTime, Document};

use super::server::{Database, key};

const MINUTE: i64 = 60_000;

fn fields(document: &Document) -> Vec<&str> {
    document.keys().map(String::as_str).collect()
}

/// How many milliseconds from now the document is over.
fn left(document: &Document) -> i64 {
    let over = document.get_datetime("expireAt").expect("it is a date");
    over.timestamp_millis() - DateTime::now().timestamp_millis()
}

fn assert_about(left: i64, expected: i64) {
    assert!((expected - 5_000..=expected).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_window_is_pythons_counter() -> Result<(), limits::StorageError> {
    let (database, item) = (Database("fixed"), RateLimitItem::per_minute(5));
    let limiter = database.limiter::<Fixed>();
    assert!(limiter.hit(&item, "u", 2).await?.allowed());
    assert!(!limiter.hit(&item, "u", 4).await?.allowed());
    let document = database.document("counters");
    assert_eq!(fields(&document), ["_id", "count", "expireAt", "_acquired"]);
    assert_eq!(document.get_str("_id").ok(), Some("LIMITER/u/5/1/minute"));
    assert_eq!(document.get_i64("count").ok(), Some(2));
    assert_about(left(&document), MINUTE);
    assert_eq!(key(&item), "LIMITER/u/5/1/minute");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_elastic_window_is_a_counter_too() -> Result<(), limits::StorageError> {
    let (database, item) = (Database("elastic"), RateLimitItem::per_minute(1));
    let limiter = database.limiter::<Elastic>();
    assert!(limiter.hit(&item, "u", 1).await?.allowed());
    let first = database.document("counters");
    tokio::time::sleep(core::time::Duration::from_millis(20)).await;
    assert!(!limiter.hit(&item, "u", 1).await?.allowed());
    let second = database.document("counters");
    assert_eq!(second.get_i64("count").ok(), Some(1));
    assert!(left(&second) > left(&first));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moving_window_is_pythons_list() -> Result<(), limits::StorageError> {
    let (database, item) = (Database("moving"), RateLimitItem::per_minute(5));
    let limiter = database.limiter::<Moving>();
    assert!(limiter.hit(&item, "u", 2).await?.allowed());
    tokio::time::sleep(core::time::Duration::from_millis(20)).await;
    assert!(limiter.hit(&item, "u", 1).await?.allowed());
    let document = database.document("windows");
    assert_eq!(
        fields(&document),
        ["_id", "entries", "expireAt", "_acquired"]
    );
    let entries = document.get_array("entries").expect("it is a list");
    let entries: Vec<f64> = entries.iter().filter_map(Bson::as_f64).collect();
    let [newest, older, oldest] = entries[..] else {
        panic!("{entries:?}");
    };
    assert!(newest > older && older == oldest, "{entries:?}");
    assert_about(left(&document), MINUTE);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sliding_counter_is_pythons_two_counts() -> Result<(), limits::StorageError> {
    let (database, item) = (Database("sliding"), RateLimitItem::per_minute(5));
    let limiter = database.limiter::<SlidingCounter>();
    assert!(limiter.hit(&item, "u", 2).await?.allowed());
    let document = database.document("windows");
    let expected = [
        "_id",
        "previousCount",
        "currentCount",
        "expireAt",
        "_acquired",
    ];
    assert_eq!(fields(&document), expected);
    assert_eq!(document.get_i64("previousCount").ok(), Some(0));
    assert_eq!(document.get_i64("currentCount").ok(), Some(2));
    assert_eq!(document.get_bool("_acquired").ok(), Some(true));
    assert_about(left(&document), 2 * MINUTE);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_under_a_name_of_its_own() -> Result<(), limits::StorageError> {
    let (database, item) = (Database("gcra"), RateLimitItem::per_minute(7));
    let limiter = database.limiter::<Gcra>();
    assert!(limiter.hit(&item, "u", 1).await?.allowed());
    let document = database.document("windows");
    assert_eq!(
        document.get_str("_id").ok(),
        Some("LIMITER/u/7/1/minute/gcra")
    );
    // A seventh of a minute is 8,571,428 4/7 µs: so 3 parts sooner than the next one.
    assert_eq!(document.get_i64("short").ok(), Some(3));
    let full_at = document.get_i64("fullAt").expect("it is a number");
    assert_eq!(full_at % 1_000, 429);
    assert!(document.get_i64("given").is_ok());
    assert_about(left(&document), 8_572);
    limiter.clear(&item, "u").await?;
    assert_eq!(database.documents("windows"), []);
    Ok(())
}
