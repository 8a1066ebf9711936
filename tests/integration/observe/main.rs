//! What observers are told of storages.

mod dashboard;
mod metrics;
mod tracing;

use core::time::Duration;

use limits::observe::{Observed, Observer};
use limits::resilience::{FailPolicy, Shadow};
use limits::window::Fixed;
use limits::{Ask, Keeps, RateLimitItem, StorageErrorKind, Timestamp};
use limits_tests::Remote;

const KEY: &str = "user-42-secret";

/// Has an observer see a hit that passes and one that is refused, a question, a hit of two
/// limits, and a failure.
async fn use_storage(observer: impl Observer) {
    let remote = Remote::new(Duration::ZERO);
    let storage = Observed::new(&remote, observer);
    let (small, large) = (RateLimitItem::per_hour(2), RateLimitItem::per_day(8));
    let ask = |item, cost| Ask::new(Fixed, item, KEY, cost);
    let hit = async |cost| storage.acquire(ask(&small, cost), Timestamp::ZERO).await;
    assert!(hit(2).await.expect("it answers").allowed());
    assert!(!hit(1).await.expect("it answers").allowed());
    let test = storage.peek(ask(&small, 1), Timestamp::ZERO).await;
    assert!(!test.expect("it answers").allowed());
    let asks = [ask(&small, 1), ask(&large, 1)];
    let mut decisions = asks.map(|ask| limits::Decision::never(ask.hit(Timestamp::ZERO)));
    let both = storage
        .acquire_all(&asks, Timestamp::ZERO, &mut decisions)
        .await;
    both.expect("it answers");
    remote.fail_as(StorageErrorKind::Unavailable);
    assert!(hit(1).await.is_err());
}

/// Has an observer see what callers are answered by wrappers within.
async fn use_wrappers(observer: &(impl Observer + Clone)) {
    let item = RateLimitItem::per_hour(1);
    let ask = Ask::new(Fixed, &item, KEY, 1);
    let remote = Remote::new(Duration::ZERO);
    let shadow = Observed::new(Shadow::new(&remote), observer.clone());
    for _ in 0..2 {
        let decision = shadow.acquire(ask, Timestamp::ZERO).await;
        assert!(decision.expect("it answers").allowed());
    }
    remote.fail_as(StorageErrorKind::Unavailable);
    let open = Observed::new(FailPolicy::open(&remote), observer.clone());
    let decision = open.acquire(ask, Timestamp::ZERO).await;
    assert!(decision.expect("it is open").allowed());
    let closed = Observed::new(FailPolicy::closed(&remote), observer.clone());
    let decision = closed.acquire(ask, Timestamp::ZERO).await;
    assert!(!decision.expect("it is closed").allowed());
}
