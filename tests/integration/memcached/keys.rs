use limits::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits::{
    Ask, Clock, Keeps, Key, MemcachedStorage, RateLimitItem, Storage, StorageErrorKind, SystemClock,
};
use limits_tests::servers::MemcachedServer;

use super::{Outcome, storage};

/// Hits once, if that passes.
async fn passes<K: Kind>(
    storage: &MemcachedStorage,
    kind: K,
    id: &str,
) -> Result<bool, limits::StorageError>
where
    MemcachedStorage: Keeps<K, Error = limits::StorageError>,
{
    let item = RateLimitItem::per_hour(1);
    let decision = storage
        .acquire(Ask::new(kind, &item, id, 1), SystemClock.now())
        .await?;
    Ok(decision.allowed())
}

#[tokio::test]
async fn b13_any_text_is_an_identifier_and_none_is_a_command() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = storage(&server)?;
    let long = "x".repeat(100_000);
    for id in [
        "x 1\r\nset pwned 0 0 3\r\nyes\r\n",
        "a b",
        "a\nb",
        "\0",
        "naïve",
        "日本",
        &long,
    ] {
        assert!(passes(&storage, Fixed, id).await?, "{id:.40}");
        assert!(!passes(&storage, Fixed, id).await?, "{id:.40}");
        assert!(passes(&storage, SlidingCounter, id).await?, "{id:.40}");
        assert!(!passes(&storage, SlidingCounter, id).await?, "{id:.40}");
        assert!(passes(&storage, Moving, id).await?, "{id:.40}");
        assert!(!passes(&storage, Moving, id).await?, "{id:.40}");
    }
    assert_eq!(server.ask("get pwned")?, "END");
    assert!(
        passes(&storage, Fixed, "a  b").await?,
        "one that only looks alike"
    );
    Ok(())
}

#[tokio::test]
async fn b14_clear_leaves_nothing_of_a_key() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_hour(1);
    assert!(passes(&storage, Fixed, "a").await?);
    assert!(
        !passes(&storage, Elastic, "a").await?,
        "it is the same counter"
    );
    assert!(passes(&storage, Moving, "a").await?);
    assert!(passes(&storage, SlidingCounter, "a").await?);
    assert!(passes(&storage, Gcra, "a").await?);
    storage.clear(item.key_for("a")).await?;
    let items = server.ask("stats items")?;
    assert!(!items.contains(":number "), "{items}");
    for kind in [true, false] {
        assert!(if kind {
            passes(&storage, Fixed, "a").await?
        } else {
            passes(&storage, Gcra, "a").await?
        });
    }
    Ok(())
}

#[tokio::test]
async fn a_counter_is_stored_as_python_stores_it() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_minute(10);
    let now = SystemClock.now();
    let decision = storage.acquire(Ask::new(Fixed, &item, "a", 3), now).await?;
    assert!(decision.allowed());
    let counter = server.ask("get LIMITER/a/10/1/minute")?;
    assert_eq!(counter.lines().nth(1), Some("3"), "{counter}");
    let end = server.ask("get LIMITER/a/10/1/minute/expires")?;
    let end: f64 = end.lines().nth(1).unwrap_or_default().parse()?;
    let expected = now.since_epoch().as_secs_f64() + 60.0;
    assert!((end - expected).abs() < 1.0, "{end} is not {expected}");
    let decision = storage
        .acquire(Ask::new(SlidingCounter, &item, "a", 3), now)
        .await?;
    assert!(decision.allowed());
    let minute = now.since_epoch().as_secs() / 60;
    let counters = [minute, minute + 1]
        .map(|minute| server.ask(&format!("get LIMITER/a/10/1/minute/{minute}")));
    let counters = counters.map(Result::unwrap_or_default);
    assert!(
        counters
            .iter()
            .any(|counter| counter.lines().nth(1) == Some("3")),
        "{counters:?}"
    );
    Ok(())
}

#[tokio::test]
async fn counters_that_python_made_are_read() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_minute(10);
    let ask = |id: &'static str| storage.peek(Ask::new(Fixed, &item, id, 1), SystemClock.now());
    // Servers fill up with spaces what `decr` makes shorter.
    server.ask("set LIMITER/a/10/1/minute 0 60 2\r\n10")?;
    server.ask("decr LIMITER/a/10/1/minute 1")?;
    assert_eq!(ask("a").await?.remaining(), 1);
    // The end is written after the counter, so it may be that of another one, or be missing.
    for end in ["1795456915.6635323", "soon", ""] {
        server.ask("set LIMITER/b/10/1/minute 0 60 2\r\n10")?;
        server.ask(&format!(
            "set LIMITER/b/10/1/minute/expires 0 60 {}\r\n{end}",
            end.len()
        ))?;
        let decision = ask("b").await?;
        assert!(!decision.allowed(), "{end}");
        let seconds = decision.reset_after().as_secs();
        assert!((57..=60).contains(&seconds), "{end}: {seconds} s");
    }
    server.ask("set LIMITER/c/10/1/minute 0 60 5\r\nhello")?;
    let error = ask("c").await.expect_err("no counter");
    assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
    assert!(!error.to_string().contains("LIMITER"), "{error}");
    Ok(())
}

#[tokio::test]
async fn reset_is_not_supported_and_flushes_nothing() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = storage(&server)?;
    server.ask("set a 0 0 1\r\n1")?;
    let error = storage.reset().await.expect_err("it is not supported");
    assert_eq!(error.kind(), StorageErrorKind::Unsupported);
    assert_eq!(server.ask("get a")?, "VALUE a 0 1\n1");
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_only_text_is_cleared_by_the_period_it_ends_with() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = storage(&server)?;
    assert!(passes(&storage, SlidingCounter, "a").await?);
    storage.clear(Key::from("LIMITER/a/1/1/hour")).await?;
    assert!(passes(&storage, SlidingCounter, "a").await?);
    storage.clear(Key::from("of-no-period")).await?;
    Ok(())
}
