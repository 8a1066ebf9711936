//! What a storage does that keeps every kind of window.

use limits_core::window::{Elastic, Fixed, Gcra, Kind, Moving, Settled, SlidingCounter};
use limits_core::{Ask, Keeps, RateLimitItem, RateLimiter, Storage, StrategyName};

use crate::conformance::case::{Case, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::suite::{KeepsAll, Law, Outcome, law};

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, Fixed>>
where
    F: Fixture<Storage: KeepsAll>,
{
    vec![
        law("strategies_share_one_storage", strategies_share_one_storage),
        law(
            "a_strategy_chosen_by_name_is_the_strategy",
            a_strategy_chosen_by_name_is_the_strategy,
        ),
        law(
            "a_hit_of_limits_of_all_strategies_takes_from_all_or_none",
            a_hit_of_limits_of_all_strategies_takes_from_all_or_none,
        ),
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
        .only_where(Fixture::can_be_reset)
        .alone(),
    ]
}

const ITEM: RateLimitItem<'static> = RateLimitItem::per_hour(5);

async fn strategies_share_one_storage<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: KeepsAll>,
{
    take_all(&case, Fixed, &unique_id(), 0).await?;
    take_all(&case, Elastic, &unique_id(), 0).await?;
    take_all(&case, Moving, &unique_id(), 0).await?;
    take_all(&case, SlidingCounter, &unique_id(), 0).await?;
    take_all(&case, Gcra, &unique_id(), 0).await
}

async fn a_hit_of_limits_of_all_strategies_takes_from_all_or_none<F>(
    case: Case<F, Fixed>,
) -> Outcome
where
    F: Fixture<Storage: KeepsAll>,
{
    let (storage, clock) = (case.fixture.storage(), case.fixture.clock());
    let limiter = RateLimiter::with_strategy(StrategyName::Gcra, storage, clock);
    let ids: Vec<_> = StrategyName::ALL.iter().map(|_| unique_id()).collect();
    let named = || StrategyName::ALL.iter().zip(&ids);
    let asks = |cost| {
        let asks = named().map(|(strategy, id)| Ask::new(*strategy, &ITEM, id, cost));
        asks.collect::<Vec<_>>()
    };
    let first = limiter.hit_all(&asks(2)[..]).await?;
    assert!(first.allowed(), "{first:?}");
    for (full, (strategy, id)) in named().enumerate() {
        let hit = limiter
            .hit_all(&[Ask::new(*strategy, &ITEM, id, 3)])
            .await?;
        assert!(hit.allowed(), "{strategy}: {hit:?}");
        let refused = limiter.hit_all(&asks(1)[..]).await?;
        assert!(!refused.allowed(), "{strategy}: {refused:?}");
        for (number, decision) in refused.as_slice().iter().enumerate() {
            let left = if number <= full { 0 } else { 3 };
            assert_eq!(decision.remaining(), left, "{number}: {refused:?}");
            assert_eq!(decision.allowed(), left > 0, "{number}: {refused:?}");
        }
    }
    for ((strategy, id), decision) in named().zip(first.as_slice()) {
        let charge = decision.charge().ok_or("two units were taken")?;
        let limiter = RateLimiter::with_strategy(*strategy, limiter.storage(), limiter.clock());
        let settled = limiter.settle(&ITEM, id, charge, 1).await?;
        assert_eq!(settled, Settled::given_back(1), "{strategy}");
        take_all(&case, *strategy, id, ITEM.amount() - 1).await?;
    }
    Ok(())
}

async fn strategies_do_not_meet_under_one_key<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: KeepsAll>,
{
    let id = unique_id();
    take_all(&case, Fixed, &id, 0).await?;
    take_all(&case, Moving, &id, 0).await?;
    take_all(&case, SlidingCounter, &id, 0).await?;
    take_all(&case, Gcra, &id, 0).await?;
    // The elastic expiry is a property of the hit; the counter is the fixed window's.
    take_all(&case, Elastic, &id, 5).await
}

async fn clear_forgets_the_windows_of_all_strategies<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: KeepsAll>,
{
    let id = unique_id();
    for _ in 0..2 {
        take_all(&case, Fixed, &id, 0).await?;
        take_all(&case, Moving, &id, 0).await?;
        take_all(&case, SlidingCounter, &id, 0).await?;
        take_all(&case, Gcra, &id, 0).await?;
        case.fixture.storage().clear(ITEM.key_for(&id)).await?;
    }
    Ok(())
}

async fn reset_forgets_the_keys_of_all_strategies<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: KeepsAll>,
{
    let storage = case.fixture.storage();
    storage.reset().await?;
    let ids = [unique_id(), unique_id(), unique_id(), unique_id()];
    for _ in 0..2 {
        take_all(&case, Fixed, &ids[0], 0).await?;
        take_all(&case, Moving, &ids[1], 0).await?;
        take_all(&case, SlidingCounter, &ids[2], 0).await?;
        take_all(&case, Gcra, &ids[3], 0).await?;
        let keys = storage.reset().await?;
        assert!(keys >= 4 || !case.fixture.counts_keys(), "{keys} keys");
    }
    Ok(())
}

async fn a_strategy_chosen_by_name_is_the_strategy<F>(case: Case<F, Fixed>) -> Outcome
where
    F: Fixture<Storage: KeepsAll>,
{
    for strategy in StrategyName::ALL {
        take_all(&case, *strategy, &unique_id(), 0).await?;
    }
    let ids: Vec<_> = StrategyName::ALL.iter().map(|_| unique_id()).collect();
    take_all(&case, Fixed, &ids[0], 0).await?;
    take_all(&case, Elastic, &ids[1], 0).await?;
    take_all(&case, Moving, &ids[2], 0).await?;
    take_all(&case, SlidingCounter, &ids[3], 0).await?;
    take_all(&case, Gcra, &ids[4], 0).await?;
    for (strategy, id) in StrategyName::ALL.iter().zip(&ids) {
        take_all(&case, *strategy, id, ITEM.amount()).await?;
    }
    Ok(())
}

/// Asserts that all but `used` units are left, takes them one by one, and is then refused.
async fn take_all<F, K>(case: &Case<F, Fixed>, kind: K, id: &String, used: u64) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Kind,
{
    let (storage, clock) = (case.fixture.storage(), case.fixture.clock());
    let limiter = RateLimiter::with_strategy(kind, storage, clock);
    let name = kind.name();
    for used in used..ITEM.amount() {
        let hit = limiter.hit(&ITEM, id, 1).await?;
        assert!(hit.allowed(), "{name}, {used} used: {hit:?}");
        assert_eq!(hit.remaining(), ITEM.amount() - used - 1, "{name}: {hit:?}");
    }
    let hit = limiter.hit(&ITEM, id, 1).await?;
    assert!(!hit.allowed(), "{name}: {hit:?}");
    Ok(())
}
