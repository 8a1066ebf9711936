//! Refusals that are remembered, as the core's `Guarded` does, around a storage that fails.

use std::sync::Arc;

use limits::resilience::FailPolicy;
use limits::{Guarded, MemoryStorage, Origin, StorageErrorKind};
use tokio::time::sleep;

use super::{ITEM, Outcome, SECOND, hit, limiter, remote};

#[tokio::test(start_paused = true)]
async fn a_refusal_is_repeated_without_the_storage_even_when_that_fails() -> Outcome {
    let remote = remote();
    let policy = FailPolicy::open(Arc::clone(&remote));
    let limiter = limiter(Guarded::remembering(policy, MemoryStorage::new()));
    assert!(limiter.hit(&ITEM, "a", 4).await?.allowed());
    let refused = hit(&limiter, "a").await?;
    assert_eq!(
        (refused.allowed(), refused.origin()),
        (false, Origin::Storage)
    );
    remote.take_calls();
    remote.fail_as(StorageErrorKind::Unavailable);
    for _ in 0..10 {
        let again = hit(&limiter, "a").await?;
        assert_eq!(
            (again.allowed(), again.origin()),
            (false, Origin::Remembered)
        );
        assert_eq!(again.retry_at(), refused.retry_at());
    }
    assert_eq!(remote.take_calls(), 0);
    remote.recover();
    sleep(SECOND * 60).await;
    assert!(hit(&limiter, "a").await?.allowed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_room_to_remember_the_storage_is_asked() -> Outcome {
    let limiter = limiter(Guarded::remembering(
        remote(),
        MemoryStorage::with_max_keys(1),
    ));
    for user in ["a", "b"] {
        assert!(limiter.hit(&ITEM, user, 4).await?.allowed());
    }
    for (user, origin) in [
        ("a", Origin::Storage),
        ("a", Origin::Remembered),
        ("b", Origin::Storage),
        ("b", Origin::Storage),
    ] {
        let refused = hit(&limiter, user).await?;
        assert_eq!(
            (refused.allowed(), refused.origin()),
            (false, origin),
            "{user}"
        );
    }
    Ok(())
}

/// What a policy refuses is over when the storage is back.
#[tokio::test(start_paused = true)]
async fn the_refusal_of_a_policy_is_not_remembered() -> Outcome {
    let remote = remote();
    let policy = FailPolicy::closed(Arc::clone(&remote)).with_retry_after(SECOND * 60);
    let limiter = limiter(Guarded::remembering(policy, MemoryStorage::new()));
    remote.fail(1);
    assert_eq!(hit(&limiter, "a").await?.origin(), Origin::FailedClosed);
    assert!(hit(&limiter, "a").await?.allowed());
    Ok(())
}
