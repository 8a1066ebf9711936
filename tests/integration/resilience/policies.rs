//! `FailPolicy`.

use std::sync::Arc;

use limits::resilience::FailPolicy;
use limits::window::Moving;
use limits::{
    Ask, MemoryStorage, Origin, RateLimitItem, Storage, StorageErrorKind, StrategyName,
    storage_from_string,
};

use super::{ITEM, Outcome, SECOND, hit, limiter, remote};

const FAILURES: [StorageErrorKind; 6] = [
    StorageErrorKind::Unavailable,
    StorageErrorKind::Timeout,
    StorageErrorKind::Contended,
    StorageErrorKind::Full,
    StorageErrorKind::Corrupt,
    StorageErrorKind::Configuration,
];

#[tokio::test(start_paused = true)]
async fn open_lets_pass_what_the_storage_cannot_decide() -> Outcome {
    let remote = remote();
    let limiter = limiter(FailPolicy::open(Arc::clone(&remote)));
    for kind in FAILURES {
        remote.fail_as(kind);
        for _ in 0..5 {
            let passed = hit(&limiter, "a").await?;
            assert!(passed.allowed(), "{kind}: {passed:?}");
            assert_eq!(passed.origin(), Origin::FailedOpen);
            assert!(passed.origin().is_degraded());
            assert_eq!(passed.charge(), None);
        }
        let tested = limiter.test(&ITEM, "a", 1).await?;
        assert_eq!(
            (tested.allowed(), tested.origin()),
            (true, Origin::FailedOpen)
        );
    }
    remote.recover();
    // Nothing was charged, and refusals are no failures.
    for remaining in [3, 2, 1, 0] {
        let passed = hit(&limiter, "a").await?;
        assert_eq!(
            (passed.remaining(), passed.origin()),
            (remaining, Origin::Storage)
        );
    }
    let refused = hit(&limiter, "a").await?;
    assert_eq!(
        (refused.allowed(), refused.origin()),
        (false, Origin::Storage)
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn closed_refuses_what_the_storage_cannot_decide() -> Outcome {
    let remote = remote();
    let limiter = limiter(FailPolicy::closed(Arc::clone(&remote)).with_retry_after(SECOND * 3));
    for kind in FAILURES {
        remote.fail_as(kind);
        let refused = hit(&limiter, "a").await?;
        assert!(!refused.allowed(), "{kind}: {refused:?}");
        assert_eq!(refused.origin(), Origin::FailedClosed);
        assert_eq!(refused.retry_after(), Some(SECOND * 3));
    }
    remote.recover();
    assert_eq!(hit(&limiter, "a").await?.remaining(), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn several_limits_pass_or_not_together() -> Outcome {
    let remote = remote();
    remote.fail_as(StorageErrorKind::Unavailable);
    let items = [ITEM, RateLimitItem::per_hour(1)];
    let asks = items.each_ref().map(|item| Ask::new(Moving, item, "a", 1));
    let open = limiter(FailPolicy::open(Arc::clone(&remote)));
    let closed = limiter(FailPolicy::closed(Arc::clone(&remote)));
    let (open, closed) = (open.hit_all(&asks).await?, closed.hit_all(&asks).await?);
    assert!(open.allowed() && !closed.allowed(), "{open:?} {closed:?}");
    assert!(
        open.as_slice()
            .iter()
            .all(|one| one.origin() == Origin::FailedOpen)
    );
    assert!(
        closed
            .as_slice()
            .iter()
            .all(|one| one.origin() == Origin::FailedClosed)
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_no_policy_can_do_stays_an_error() -> Outcome {
    let remote = remote();
    let limiter = limiter(FailPolicy::open(Arc::clone(&remote)));
    let hit = hit(&limiter, "a").await?;
    let charge = hit.charge().ok_or("a hit that passed")?;
    remote.fail_as(StorageErrorKind::Unavailable);
    assert!(limiter.storage().check().await.is_err());
    assert!(limiter.storage().reset().await.is_err());
    assert!(limiter.clear(&ITEM, "a").await.is_err());
    assert!(limiter.settle(&ITEM, "a", charge, 0).await.is_err());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_a_storage_does_not_support_is_no_failure_of_it() -> Outcome {
    let fixed = limits::AnyStorageBuilder::new("mine", MemoryStorage::new())
        .with(limits::window::Fixed)
        .build();
    let limiter = limiter(FailPolicy::open(fixed));
    let error = hit(&limiter, "a").await.expect_err("fixed windows only");
    assert_eq!(error.kind(), StorageErrorKind::Unsupported);
    let storage = storage_from_string("memory://?fail=open")?;
    assert!(storage.supports(StrategyName::Gcra));
    Ok(())
}
