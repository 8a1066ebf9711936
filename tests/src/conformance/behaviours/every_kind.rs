//! What a storage does that keeps every kind of window.

use limits_core::limiter::{Elastic, Fixed, Moving, RateLimiter, SlidingCounter, Strategy};
use limits_core::{
    FixedWindowSupport, MovingWindowSupport, RateLimitItem, SlidingWindowCounterSupport, Storage,
};

use crate::conformance::case::{Case, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::suite::{Law, Outcome, law};

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, Fixed>>
where
    F: Fixture<Storage: FixedWindowSupport + MovingWindowSupport + SlidingWindowCounterSupport>,
{
    vec![
        law("strategies_share_one_storage", strategies_share_one_storage),
        law(
            "strategies_do_not_meet_under_one_key",
            strategies_do_not_meet_under_one_key,
        )
        .only_where(Fixture::keeps_strategies_apart),
        law(
            "clear_forgets_the_windows_of_all_strategies",
            clear_forgets_the_windows_of_all_strategies,
        )
        .only_where(Fixture::keeps_strategies_apart),
        law(
            "reset_forgets_the_keys_of_all_strategies",
            reset_forgets_the_keys_of_all_strategies,
        )
        .alone(),
    ]
}

const ITEM: RateLimitItem<'static> = RateLimitItem::per_hour(5);

async fn strategies_share_one_storage<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport + MovingWindowSupport + SlidingWindowCounterSupport>,
{
    take_all::<Fixed, F>(&case, &unique_id(), 0).await?;
    take_all::<Elastic, F>(&case, &unique_id(), 0).await?;
    take_all::<Moving, F>(&case, &unique_id(), 0).await?;
    take_all::<SlidingCounter, F>(&case, &unique_id(), 0).await
}

async fn strategies_do_not_meet_under_one_key<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport + MovingWindowSupport + SlidingWindowCounterSupport>,
{
    let id = unique_id();
    take_all::<Fixed, F>(&case, &id, 0).await?;
    take_all::<Moving, F>(&case, &id, 0).await?;
    take_all::<SlidingCounter, F>(&case, &id, 0).await?;
    // The elastic expiry is a property of the hit; the counter is the fixed window's.
    take_all::<Elastic, F>(&case, &id, 5).await
}

async fn clear_forgets_the_windows_of_all_strategies<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport + MovingWindowSupport + SlidingWindowCounterSupport>,
{
    let id = unique_id();
    for _ in 0..2 {
        take_all::<Fixed, F>(&case, &id, 0).await?;
        take_all::<Moving, F>(&case, &id, 0).await?;
        take_all::<SlidingCounter, F>(&case, &id, 0).await?;
        case.fixture.storage().clear(ITEM.key_for(&id)).await?;
    }
    Ok(())
}

async fn reset_forgets_the_keys_of_all_strategies<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: FixedWindowSupport + MovingWindowSupport + SlidingWindowCounterSupport>,
{
    let storage = case.fixture.storage();
    storage.reset().await?;
    let ids = [unique_id(), unique_id(), unique_id()];
    for _ in 0..2 {
        take_all::<Fixed, F>(&case, &ids[0], 0).await?;
        take_all::<Moving, F>(&case, &ids[1], 0).await?;
        take_all::<SlidingCounter, F>(&case, &ids[2], 0).await?;
        let keys = storage.reset().await?;
        assert!(keys >= 3 || !case.fixture.counts_keys(), "{keys} keys");
    }
    Ok(())
}

/// Asserts that all but `used` units are left, takes them one by one, and is then refused.
async fn take_all<W, F>(case: &Case<F, Fixed>, id: &String, used: u64) -> Outcome
where
    W: Default + Strategy<F::Storage>,
    F: Fixture<Storage: FixedWindowSupport>,
{
    let (storage, clock) = (case.fixture.storage(), case.fixture.clock());
    let limiter = RateLimiter::<W, _, _>::with_clock(storage, clock);
    for used in used..ITEM.amount() {
        let hit = limiter.hit(&ITEM, id, 1).await?;
        assert!(hit.allowed(), "{used} used: {hit:?}");
        assert_eq!(hit.remaining(), ITEM.amount() - used - 1, "{hit:?}");
    }
    let hit = limiter.hit(&ITEM, id, 1).await?;
    assert!(!hit.allowed(), "{hit:?}");
    Ok(())
}
