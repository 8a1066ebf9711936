//! `Fallback`.

use core::num::NonZeroU32;
use std::sync::Arc;

use limits::resilience::{Fallback, Timeout};
use limits::window::Moving;
use limits::{Ask, MemoryStorage, Origin, RateLimitItem, StorageErrorKind};
use tokio::time::{Instant, sleep};

use super::{ITEM, Outcome, SECOND, WAY, hit, limiter, remote};

#[tokio::test(start_paused = true)]
async fn another_storage_stands_in_until_a_probe_is_answered() -> Outcome {
    let remote = remote();
    let storage = Timeout::new(Arc::clone(&remote)).with_limit(SECOND / 10);
    let limiter = limiter(Fallback::new(storage, MemoryStorage::new()));
    assert_eq!(hit(&limiter, "a").await?.remaining(), 3);
    remote.hang();
    let start = Instant::now();
    for remaining in [3, 2, 1, 0] {
        let passed = hit(&limiter, "a").await?;
        assert_eq!(
            (passed.remaining(), passed.origin()),
            (remaining, Origin::Fallback)
        );
    }
    // Only the first one had to find out.
    assert_eq!(start.elapsed(), SECOND / 10);
    let refused = hit(&limiter, "a").await?;
    assert_eq!(
        (refused.allowed(), refused.origin()),
        (false, Origin::Fallback)
    );
    assert!(refused.origin().is_degraded());
    sleep(SECOND * 5).await;
    assert_eq!(hit(&limiter, "b").await?.origin(), Origin::Fallback);
    remote.recover();
    sleep(SECOND + SECOND / 10 + WAY * 3).await;
    let passed = hit(&limiter, "a").await?;
    assert_eq!((passed.remaining(), passed.origin()), (2, Origin::Storage));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_about_one_key_is_answered_for_that_call() -> Outcome {
    let remote = remote();
    let limiter = limiter(Fallback::new(Arc::clone(&remote), MemoryStorage::new()));
    remote.fail_as(StorageErrorKind::Corrupt);
    assert_eq!(hit(&limiter, "a").await?.origin(), Origin::Fallback);
    remote.recover();
    assert_eq!(hit(&limiter, "b").await?.origin(), Origin::Storage);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_of_four_processes_has_a_quarter() -> Outcome {
    let remote = remote();
    remote.fail_as(StorageErrorKind::Unavailable);
    let four = NonZeroU32::MIN.saturating_add(3);
    let storage = Fallback::new(Arc::clone(&remote), MemoryStorage::new()).with_share(four);
    let limiter = limiter(storage);
    for (amount, share) in [(0, 0), (1, 1), (3, 1), (4, 1), (11, 2), (12, 3)] {
        let item = RateLimitItem::per_hour(amount);
        let mut admitted = 0;
        while limiter.hit(&item, "a", 1).await?.allowed() {
            admitted += 1;
        }
        assert_eq!(admitted, share, "of {amount}");
    }
    // More than the share fits when the storage is back.
    let refused = limiter.hit(&ITEM, "b", 2).await?;
    assert_eq!(
        (refused.allowed(), refused.origin()),
        (false, Origin::Fallback)
    );
    assert_eq!(refused.retry_after(), Some(SECOND));
    assert_eq!(limiter.hit(&ITEM, "b", 5).await?.retry_after(), None);
    let asks = [1, 2].map(|cost| Ask::new(Moving, &ITEM, "c", cost));
    let refused = limiter.hit_all(&asks).await?;
    let binding = refused
        .binding()
        .and_then(|decision| decision.retry_after());
    assert_eq!(binding, Some(SECOND), "{refused:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_charge_is_settled_where_it_was_taken() -> Outcome {
    let remote = remote();
    let limiter = limiter(Fallback::new(Arc::clone(&remote), MemoryStorage::new()));
    let first = limiter.reserve(&ITEM, "a", 3).await?;
    let first = first.map_err(|refused| format!("{refused:?}"))?;
    remote.fail(1);
    let second = limiter.reserve(&ITEM, "a", 4).await?;
    let second = second.map_err(|refused| format!("{refused:?}"))?;
    assert_eq!(second.decision().origin(), Origin::Fallback);
    sleep(SECOND * 2).await;
    // The first storage is back: its charge is 3 of 4, and the other's is not its own.
    assert_eq!(second.settle(1).await?.given_back, 3);
    assert_eq!(limiter.get_window_stats(&ITEM, "a").await?.remaining, 1);
    assert_eq!(first.settle(1).await?.given_back, 2);
    assert_eq!(limiter.get_window_stats(&ITEM, "a").await?.remaining, 3);
    remote.fail(1);
    assert_eq!(limiter.test(&ITEM, "a", 1).await?.remaining(), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn several_limits_are_decided_by_one_storage_or_the_other() -> Outcome {
    let remote = remote();
    let limiter = limiter(Fallback::new(Arc::clone(&remote), MemoryStorage::new()));
    remote.fail_as(StorageErrorKind::Unavailable);
    let items = [ITEM, RateLimitItem::per_hour(1)];
    let asks = items.each_ref().map(|item| Ask::new(Moving, item, "a", 1));
    for allowed in [true, false] {
        let answer = limiter.hit_all(&asks).await?;
        assert_eq!(answer.allowed(), allowed, "{answer:?}");
        let mut all = answer.as_slice().iter();
        assert!(all.all(|decision| decision.origin() == Origin::Fallback));
    }
    Ok(())
}
