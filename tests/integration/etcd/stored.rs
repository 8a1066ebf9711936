use std::time::SystemTime;

use limits::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};
use limits::{Ask, Clock, Keeps, RateLimitItem, Storage, SystemClock};
use limits_tests::servers::EtcdServer;

use super::{Outcome, hit, patient, storage};

fn names(server: &EtcdServer) -> Result<Vec<String>, limits_tests::servers::Error> {
    let entries = server.entries("")?;
    Ok(entries.into_iter().map(|entry| entry.name).collect())
}

fn seconds_since_epoch() -> Result<f64, Box<dyn core::error::Error>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(now.as_secs_f64())
}

#[tokio::test]
async fn a_counter_is_stored_as_python_stores_it() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_minute(10);
    let ask = Ask::new(Fixed, &item, "a", 3);
    let begin = seconds_since_epoch()?;
    assert!(storage.acquire(ask, SystemClock.now()).await?.allowed());
    let end = seconds_since_epoch()?;
    let first = server.entries("")?;
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(first[0].name, "limits/LIMITER/a/10/1/minute");
    let (count, window_end) = first[0].value.split_once(':').unwrap_or_default();
    assert_eq!(count, "3");
    let (_, micros) = window_end.split_once('.').unwrap_or_default();
    assert_eq!(micros.len(), 6, "{window_end}");
    let instant: f64 = window_end.parse()?;
    assert!(
        (begin + 60.0 - 0.001..=end + 60.0 + 0.001).contains(&instant),
        "{instant} is not a minute after {begin} to {end}"
    );
    // The end stays, and the elastic window is the same counter.
    assert!(hit(&storage, Fixed, &item, "a").await?.allowed());
    let second = server.entries("")?;
    assert_eq!(second[0].value, format!("4:{window_end}"));
    assert_eq!(second[0].lease, first[0].lease);
    assert_eq!(hit(&storage, Elastic, &item, "a").await?.remaining(), 5);
    let third = server.entries("")?;
    let (count, extended) = third[0].value.split_once(':').unwrap_or_default();
    assert_eq!((third.len(), count), (1, "5"));
    assert!(extended.parse::<f64>()? > instant, "{extended}");
    Ok(())
}

#[tokio::test]
async fn other_windows_are_stored_under_names_of_their_own() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = patient(&format!("{}?key_prefix=mine", server.uri()))?;
    let item = RateLimitItem::per_hour(2);
    for _ in 0..2 {
        assert!(hit(&storage, Fixed, &item, "a").await?.allowed());
        assert!(hit(&storage, Moving, &item, "a").await?.allowed());
        assert!(hit(&storage, SlidingCounter, &item, "a").await?.allowed());
        assert!(hit(&storage, Gcra, &item, "a").await?.allowed());
    }
    let key = "mine/LIMITER/a/2/1/hour";
    let expected = ["", "/gcra", "/moving", "/sliding"].map(|word| format!("{key}{word}"));
    assert_eq!(names(&server)?, expected);
    assert!(!hit(&storage, Gcra, &item, "a").await?.allowed());
    Ok(())
}

#[tokio::test]
async fn counters_that_python_made_are_read() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_minute(10);
    let now = seconds_since_epoch()?;
    let soon = now + 30.0;
    for (id, value, remaining) in [
        ("a", format!("6:{soon}"), 4),
        ("b", format!("6:{soon:.1}"), 4),
        ("c", format!("6:{soon:.0}.0"), 4),
        ("d", format!("12:{soon}"), 0),
        ("e", format!("6:{}", now - 1.0), 10),
        ("f", format!("0:{soon}"), 10),
    ] {
        server.cli(&["put", &format!("limits/LIMITER/{id}/10/1/minute"), &value])?;
        let ask = Ask::new(Fixed, &item, id, 1);
        let decision = storage.peek(ask, SystemClock.now()).await?;
        assert_eq!(decision.remaining(), remaining, "{value}: {decision:?}");
        let allowed = hit(&storage, Fixed, &item, id).await?.allowed();
        assert_eq!(allowed, remaining > 0, "{value}");
    }
    // They had no leases, but those that were written have.
    for entry in server.entries("limits/LIMITER/")? {
        let is_ours = entry.name != "limits/LIMITER/d/10/1/minute";
        assert_eq!(entry.lease.is_some(), is_ours, "{entry:?}");
    }
    Ok(())
}

#[tokio::test]
async fn any_text_is_an_identifier() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_hour(1);
    let long = "x".repeat(100_000);
    let texts = [
        "", "a b", "a\r\nb", "\0", "naïve", "日本", "a/moving", &long,
    ];
    for id in texts {
        assert!(hit(&storage, Fixed, &item, id).await?.allowed(), "{id:.40}");
        assert!(
            !hit(&storage, Fixed, &item, id).await?.allowed(),
            "{id:.40}"
        );
        assert!(hit(&storage, Gcra, &item, id).await?.allowed(), "{id:.40}");
        assert!(!hit(&storage, Gcra, &item, id).await?.allowed(), "{id:.40}");
    }
    assert_eq!(storage.reset().await?, 2 * texts.len() as u64);
    Ok(())
}

#[tokio::test]
async fn reset_deletes_what_has_the_prefix_and_nothing_else() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    for other in [
        "a",
        "limit",
        "limits",
        "limits-too/a",
        "limits0",
        "limitsx/a",
    ] {
        server.cli(&["put", other, "kept"])?;
    }
    let others = names(&server)?;
    server.cli(&["put", "limits/of-python", "1:1795456915.25"])?;
    let item = RateLimitItem::per_hour(10);
    // More than are deleted at once.
    for number in 0..600 {
        let id = number.to_string();
        assert!(hit(&storage, Fixed, &item, &id).await?.allowed());
    }
    assert!(hit(&storage, Moving, &item, "0").await?.allowed());
    assert_eq!(storage.reset().await?, 602);
    assert_eq!(names(&server)?, others);
    assert_eq!(storage.reset().await?, 0);
    assert_eq!(hit(&storage, Fixed, &item, "0").await?.remaining(), 9);
    Ok(())
}

#[tokio::test]
async fn clear_deletes_every_window_of_a_key_and_of_no_other() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_hour(1);
    for id in ["a", "ab"] {
        assert!(hit(&storage, Fixed, &item, id).await?.allowed());
        assert!(hit(&storage, Moving, &item, id).await?.allowed());
        assert!(hit(&storage, SlidingCounter, &item, id).await?.allowed());
        assert!(hit(&storage, Gcra, &item, id).await?.allowed());
    }
    storage.clear(item.key_for("a")).await?;
    let left = names(&server)?;
    assert_eq!(left.len(), 4, "{left:?}");
    assert!(left.iter().all(|name| name.contains("/ab/")), "{left:?}");
    assert!(hit(&storage, Elastic, &item, "a").await?.allowed());
    assert!(!hit(&storage, Gcra, &item, "ab").await?.allowed());
    Ok(())
}
