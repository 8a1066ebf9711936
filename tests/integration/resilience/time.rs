//! `Timeout`.

use std::sync::Arc;

use limits::resilience::Timeout;
use limits::{Storage, StorageErrorKind};
use tokio::time::{Instant, sleep};

use super::{Outcome, SECOND, WAY, hit, limiter, remote};

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_fails_in_time() -> Outcome {
    let remote = remote();
    let limiter = limiter(Timeout::new(Arc::clone(&remote)).with_limit(SECOND / 10));
    assert!(hit(&limiter, "a").await?.allowed());
    remote.hang();
    let start = Instant::now();
    let error = hit(&limiter, "a").await.expect_err("it hangs");
    assert_eq!(error.kind(), StorageErrorKind::Timeout);
    assert_eq!(error.to_string(), "limits: no answer within 100ms");
    assert_eq!(start.elapsed(), SECOND / 10);
    let checked = limiter.storage().check().await;
    assert!(checked.is_err(), "{checked:?}");
    remote.recover();
    limiter.storage().check().await?;
    Ok(())
}

/// At most one unit too much is charged, and none too few.
#[tokio::test(start_paused = true)]
async fn a_hit_that_was_decided_too_late_may_have_been_charged() -> Outcome {
    let remote = remote();
    let late = limiter(Timeout::new(Arc::clone(&remote)).with_limit(WAY * 3 / 2));
    let patient = limiter(Arc::clone(&remote));
    let error = hit(&late, "a").await.expect_err("it takes longer");
    assert_eq!(error.kind(), StorageErrorKind::Timeout);
    sleep(WAY).await;
    assert_eq!(hit(&patient, "a").await?.remaining(), 2);
    Ok(())
}

#[test]
fn a_storage_that_never_waits_needs_no_runtime() {
    let limiter = limiter(Timeout::new(limits::MemoryStorage::new()));
    let decision = limits::poll_once(hit(&limiter, "a")).expect("memory never waits");
    assert!(decision.is_ok_and(|decision| decision.allowed()));
}
