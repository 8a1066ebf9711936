//! Law 9: one call to the storage for each question.

use limits_core::{Keeps, RateLimiter};

use crate::conformance::case::Case;
use crate::conformance::counted::Counted;
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law("a_hit_is_one_storage_call", a_hit_is_one_storage_call),
        law("a_test_is_one_storage_call", a_test_is_one_storage_call),
        law("stats_are_one_storage_call", stats_are_one_storage_call),
        law("clear_is_one_storage_call", clear_is_one_storage_call),
        law("settling_is_one_storage_call", settling_is_one_storage_call),
        law(
            "a_hit_of_several_limits_is_one_storage_call",
            a_hit_of_several_limits_is_one_storage_call,
        ),
    ]
}

type Counting<F, K> = RateLimiter<K, Counted<<F as Fixture>::Storage>, <F as Fixture>::Clock>;

fn counting<F: Fixture<Storage: Keeps<K>>, K: Tested>(case: &Case<F, K>) -> Counting<F, K> {
    let storage = Counted::new(case.fixture.storage());
    RateLimiter::with_clock(storage, case.fixture.clock())
}

async fn a_hit_is_one_storage_call<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (limiter, user) = (counting(&case), case.user(3));
    for cost in [1, 0, 3, 2, 1] {
        let hit = limiter.hit(&user.item, &user.id, cost).await?;
        assert_eq!(limiter.storage().take_calls(), 1, "{hit:?}");
    }
    Ok(())
}

async fn a_test_is_one_storage_call<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (limiter, user) = (counting(&case), case.user(3));
    for cost in [1, 0, 3] {
        let test = limiter.test(&user.item, &user.id, cost).await?;
        assert_eq!(limiter.storage().take_calls(), 1, "{test:?}");
        user.passes(1).await?;
    }
    Ok(())
}

async fn stats_are_one_storage_call<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (limiter, user) = (counting(&case), case.user(3));
    for _ in 0..3 {
        let stats = limiter.get_window_stats(&user.item, &user.id).await?;
        assert_eq!(limiter.storage().take_calls(), 1, "{stats:?}");
        user.passes(1).await?;
    }
    Ok(())
}

async fn clear_is_one_storage_call<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (limiter, user) = (counting(&case), case.user(3));
    user.passes(3).await?;
    limiter.clear(&user.item, &user.id).await?;
    assert_eq!(limiter.storage().take_calls(), 1, "at {:?}", case.now());
    user.passes(3).await?;
    Ok(())
}

async fn settling_is_one_storage_call<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (limiter, user) = (counting(&case), case.user(3));
    let reserved = limiter.reserve(&user.item, &user.id, 3).await?;
    let reserved = reserved.map_err(|refused| format!("3 of 3 are left: {refused:?}"))?;
    assert_eq!(limiter.storage().take_calls(), 1, "at {:?}", case.now());
    reserved.settle(1).await?;
    assert_eq!(limiter.storage().take_calls(), 1, "at {:?}", case.now());
    Ok(())
}

async fn a_hit_of_several_limits_is_one_storage_call<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (limiter, users) = (counting(&case), [case.user(3), case.user(2), case.user(4)]);
    for _ in 0..3 {
        let asks = users.each_ref().map(|user| user.ask(1));
        let test = limiter.test_all(&asks).await?;
        assert_eq!(limiter.storage().take_calls(), 1, "{test:?}");
        let hit = limiter.hit_all(&asks).await?;
        assert_eq!(limiter.storage().take_calls(), 1, "{hit:?}");
    }
    Ok(())
}
