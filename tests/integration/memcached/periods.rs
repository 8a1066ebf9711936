use core::num::NonZeroU32;

use limits::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits::{Ask, Clock, Keeps, MemcachedStorage, RateLimitItem, StorageError, SystemClock};
use limits_tests::servers::MemcachedServer;

use super::{Outcome, storage};

/// Servers take a time of life of more than 30 days for an instant, long ago, and one
/// beyond 2038 for a negative one.
#[tokio::test]
async fn b12_windows_of_more_than_thirty_days_are_enforced() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let storage = storage(&server)?;
    let times = |item: RateLimitItem<'static>, multiples| {
        item.with_multiples(NonZeroU32::new(multiples).expect("above 0"))
    };
    for item in [
        times(RateLimitItem::per_day(3), 16),
        RateLimitItem::per_month(3),
        times(RateLimitItem::per_day(3), 31),
        times(RateLimitItem::per_month(3), 2),
        RateLimitItem::per_year(3),
        times(RateLimitItem::per_year(3), 10),
        times(RateLimitItem::per_year(3), 100),
        times(RateLimitItem::per_year(3), 500_000),
    ] {
        is_enforced(&storage, Fixed, &item).await?;
        is_enforced(&storage, Moving, &item).await?;
        is_enforced(&storage, SlidingCounter, &item).await?;
        is_enforced(&storage, Gcra, &item).await?;
        let longer = item.with_namespace("elastic");
        is_enforced(&storage, Elastic, &longer).await?;
    }
    Ok(())
}

async fn is_enforced<K: Kind>(
    storage: &MemcachedStorage,
    kind: K,
    item: &RateLimitItem<'_>,
) -> Result<(), StorageError>
where
    MemcachedStorage: Keeps<K, Error = StorageError>,
{
    let mut admitted = 0;
    for _ in 0..5 {
        let ask = Ask::new(kind, item, "a", 1);
        let decision = storage.acquire(ask, SystemClock.now()).await?;
        admitted += u32::from(decision.allowed());
        assert_eq!(
            decision.remaining(),
            u64::from(3 - admitted),
            "{item}: {decision:?}"
        );
        assert!(
            decision.reset_time() > decision.now(),
            "{item}: {decision:?}"
        );
    }
    assert_eq!(admitted, 3, "{} of {item}", kind.name());
    Ok(())
}
