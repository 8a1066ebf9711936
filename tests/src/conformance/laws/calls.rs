//! Law 9: one call to the storage for each question.

use limits_core::limiter::RateLimiter;

use crate::conformance::case::Case;
use crate::conformance::counted::Counted;
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture, W: Tested<F::Storage>>() -> Vec<Law<F, W>> {
    vec![
        law("a_hit_is_one_storage_call", a_hit_is_one_storage_call),
        law("a_test_is_one_storage_call", a_test_is_one_storage_call),
        law("stats_are_one_storage_call", stats_are_one_storage_call),
        law("clear_is_one_storage_call", clear_is_one_storage_call),
    ]
}

type Counting<F, W> = RateLimiter<W, Counted<<F as Fixture>::Storage>, <F as Fixture>::Clock>;

fn counting<F: Fixture, W: Tested<F::Storage>>(case: &Case<F, W>) -> Counting<F, W> {
    let storage = Counted::new(case.fixture.storage());
    RateLimiter::with_clock(storage, case.fixture.clock())
}

async fn a_hit_is_one_storage_call<F, W>(case: Case<F, W>) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    let (limiter, user) = (counting(&case), case.user(3));
    for cost in [1, 0, 3, 2, 1] {
        let hit = limiter.hit(&user.item, &user.id, cost).await?;
        assert_eq!(limiter.storage().take_calls(), 1, "{hit:?}");
    }
    Ok(())
}

async fn a_test_is_one_storage_call<F, W>(case: Case<F, W>) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    let (limiter, user) = (counting(&case), case.user(3));
    for cost in [1, 0, 3] {
        let test = limiter.test(&user.item, &user.id, cost).await?;
        assert_eq!(limiter.storage().take_calls(), 1, "{test:?}");
        user.passes(1).await?;
    }
    Ok(())
}

async fn stats_are_one_storage_call<F, W>(case: Case<F, W>) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    let (limiter, user) = (counting(&case), case.user(3));
    for _ in 0..3 {
        let stats = limiter.get_window_stats(&user.item, &user.id).await?;
        assert_eq!(limiter.storage().take_calls(), 1, "{stats:?}");
        user.passes(1).await?;
    }
    Ok(())
}

async fn clear_is_one_storage_call<F, W>(case: Case<F, W>) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    let (limiter, user) = (counting(&case), case.user(3));
    user.passes(3).await?;
    limiter.clear(&user.item, &user.id).await?;
    assert_eq!(limiter.storage().take_calls(), 1, "at {:?}", case.now());
    user.passes(3).await?;
    Ok(())
}
