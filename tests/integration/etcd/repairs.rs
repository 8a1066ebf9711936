//! Keys and leases as others leave them, and values that are no windows.

use core::time::Duration;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use limits::window::{Elastic, Fixed, Moving};
use limits::{Ask, Clock, Keeps, RateLimitItem, StorageErrorKind, SystemClock};
use limits_tests::servers::{Error, EtcdServer};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{Outcome, hit, storage};

/// A lease as Python's client with threads leaves it, which extends windows but no lease.
#[tokio::test]
async fn b24_a_window_outlives_a_lease_that_python_did_not_renew() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_minute(10);
    let granted = server.cli(&["lease", "grant", "3"])?;
    let id = granted.split(' ').nth(1).ok_or("it has an id")?;
    let end = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let value = format!("4:{}.25", end.as_secs() + 60);
    let key = "limits/LIMITER/a/10/1/minute";
    server.cli(&["put", key, &value, "--lease", id])?;
    assert_eq!(hit(&storage, Elastic, &item, "a").await?.remaining(), 5);
    let leases = server.leases()?;
    assert_eq!(leases.len(), 1, "the old one is given back: {leases:?}");
    assert_ne!(leases[0].id, id);
    assert!(leases[0].left.as_secs() >= 60, "{leases:?}");
    sleep(Duration::from_secs(5)).await;
    assert_eq!(hit(&storage, Fixed, &item, "a").await?.remaining(), 4);
    Ok(())
}

#[tokio::test]
async fn a_key_whose_lease_was_revoked_is_made_anew() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_minute(10);
    for _ in 0..20 {
        assert_eq!(hit(&storage, Fixed, &item, "a").await?.remaining(), 9);
        assert_eq!(hit(&storage, Fixed, &item, "a").await?.remaining(), 8);
        let leases = server.leases()?;
        assert_eq!(leases.len(), 1, "{leases:?}");
        server.cli(&["lease", "revoke", &leases[0].id])?;
    }
    Ok(())
}

/// Between the reading and the writing of some hit, the lease that it relies on ends.
#[tokio::test]
async fn leases_that_are_revoked_meanwhile_fail_no_hit() -> Outcome {
    let server = Arc::new(EtcdServer::start()?);
    let storage = storage(&server)?;
    let item = RateLimitItem::per_minute(1_000_000);
    let revoking = Arc::clone(&server);
    let revoked = spawn_blocking(move || revoke_for_two_seconds(&revoking));
    for _ in 0..1_500 {
        assert!(hit(&storage, Fixed, &item, "a").await?.allowed());
    }
    assert!(revoked.await?? > 5, "few leases were revoked");
    Ok(())
}

/// Revokes whatever leases there are, and tells how many there were.
fn revoke_for_two_seconds(server: &EtcdServer) -> Result<usize, Error> {
    let (start, mut revoked) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(2) {
        for lease in server.leases()? {
            // One that was replaced meanwhile is gone.
            let answer = server.cli(&["lease", "revoke", &lease.id]);
            revoked += usize::from(answer.is_ok());
        }
    }
    Ok(revoked)
}

#[tokio::test]
async fn what_is_no_counter_is_corrupt_and_stays() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_minute(10);
    let key = "limits/LIMITER/secret/10/1/minute";
    for value in [
        "hello",
        "",
        "6",
        "6:",
        ":1795457038.5",
        "6:soon",
        "six:1795457038.5",
        "1.5:1795457038.5",
        "6:1795457038.5:1",
        "6;1795457038.5",
        "99999999999999999999999:1795457038.5",
        "6:nan",
        "6:-1e3",
        "\u{fc}:1795457038",
    ] {
        server.cli(&["put", key, "--", value])?;
        let error = hit(&storage, Fixed, &item, "secret").await;
        let error = error.expect_err(value);
        assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{value}: {error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        let ask = Ask::new(Elastic, &item, "secret", 1);
        let error = storage.peek(ask, SystemClock.now()).await.expect_err(value);
        assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{value}: {error}");
        assert_eq!(server.entries(key)?[0].value, value);
    }
    server.cli(&["put", &format!("{key}/moving"), "hello"])?;
    let error = hit(&storage, Moving, &item, "secret")
        .await
        .expect_err("no window");
    assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
    assert_eq!(server.leases()?, []);
    Ok(())
}
