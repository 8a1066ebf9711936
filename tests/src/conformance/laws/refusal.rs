//! Laws 3 and 4: what is refused costs nothing, and nothing costs nothing.

use limits_core::{Keeps, RateLimiter};

use crate::conformance::case::{Case, PERIOD, part};
use crate::conformance::counted::Counted;
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "a_refused_hit_consumes_nothing",
            a_refused_hit_consumes_nothing,
        ),
        law(
            "many_refused_hits_leave_the_next_window_whole",
            many_refused_hits_leave_the_next_window_whole,
        ),
        law(
            "a_cost_above_the_amount_is_refused",
            a_cost_above_the_amount_is_refused,
        ),
        law(
            "a_cost_above_the_amount_changes_nothing",
            a_cost_above_the_amount_changes_nothing,
        ),
        law(
            "a_cost_above_the_amount_does_not_touch_the_storage",
            a_cost_above_the_amount_does_not_touch_the_storage,
        ),
        law("the_largest_cost_is_refused", the_largest_cost_is_refused),
        law(
            "a_cost_of_nothing_takes_nothing",
            a_cost_of_nothing_takes_nothing,
        ),
        law(
            "a_cost_of_nothing_passes_when_nothing_is_left",
            a_cost_of_nothing_passes_when_nothing_is_left,
        ),
        law(
            "a_cost_of_nothing_does_not_start_a_window",
            a_cost_of_nothing_does_not_start_a_window,
        ),
        law(
            "a_cost_of_nothing_does_not_move_the_reset",
            a_cost_of_nothing_does_not_move_the_reset,
        ),
        law(
            "an_amount_of_nothing_refuses_all",
            an_amount_of_nothing_refuses_all,
        ),
    ]
}

async fn a_refused_hit_consumes_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(3).await?;
    let before = user.stats().await?;
    let refused = user.refused(3).await?;
    let after = user.stats().await?;
    assert_eq!(refused.remaining(), 2, "{refused:?}");
    assert_eq!(after.remaining, 2, "{before:?}, {after:?}");
    if !K::default().extends() {
        case.assert_same(after.reset_time, before.reset_time, &refused);
    }
    user.passes(2).await?;
    Ok(())
}

/// Python's fixed window counts what it refuses.
async fn many_refused_hits_leave_the_next_window_whole<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(5).await?;
    for cost in [1, 5, 2].repeat(5) {
        let refused = user.refused(cost).await?;
        assert_eq!(refused.remaining(), 0, "{refused:?}");
    }
    case.pass_everything().await;
    user.passes(5).await?;
    Ok(())
}

async fn a_cost_above_the_amount_is_refused<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    let test = user.test(11).await?;
    assert!(!test.allowed(), "{test:?}");
    let hit = user.refused(11).await?;
    for decision in [test, hit] {
        assert_eq!(decision.limit(), 10, "{decision:?}");
        assert_eq!(decision.remaining(), 10, "{decision:?}");
        assert_eq!(decision.retry_after(), None, "{decision:?}");
        assert_eq!(decision.reset_time(), decision.now(), "{decision:?}");
    }
    Ok(())
}

async fn a_cost_above_the_amount_changes_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    user.fails(11).await?;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 10, "{stats:?}");
    user.passes(4).await?;
    let before = user.stats().await?;
    user.fails(11).await?;
    let after = user.stats().await?;
    assert_eq!(after.remaining, 6, "{after:?}");
    case.assert_same(after.reset_time, before.reset_time, &after);
    user.passes(6).await?;
    Ok(())
}

async fn a_cost_above_the_amount_does_not_touch_the_storage<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(3);
    let storage = Counted::new(case.fixture.storage());
    let limiter = RateLimiter::<K, _, _>::with_clock(storage, case.fixture.clock());
    for cost in [4, 5, u64::MAX] {
        let hit = limiter.hit(&user.item, &user.id, cost).await?;
        let test = limiter.test(&user.item, &user.id, cost).await?;
        assert!(!hit.allowed() && !test.allowed(), "{hit:?}, {test:?}");
        assert_eq!(limiter.storage().take_calls(), 0, "{hit:?}");
    }
    let hit = limiter.hit(&user.item, &user.id, 3).await?;
    assert!(hit.allowed(), "{hit:?}");
    assert_eq!(limiter.storage().take_calls(), 1, "{hit:?}");
    Ok(())
}

async fn the_largest_cost_is_refused<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    user.passes(4).await?;
    for cost in [u64::MAX, u64::MAX - 3, u64::MAX - 4, 1 << 63] {
        let refused = user.refused(cost).await?;
        assert_eq!(refused.retry_at(), None, "{refused:?}");
    }
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 6, "{stats:?}");
    Ok(())
}

async fn a_cost_of_nothing_takes_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    let hit = user.take(0).await?;
    assert_eq!(hit.remaining(), 10, "{hit:?}");
    assert_eq!(hit.reset_time(), hit.now(), "{hit:?}");
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 10, "{stats:?}");
    assert_eq!(stats.reset_time, stats.now, "{stats:?}");
    user.passes(10).await?;
    Ok(())
}

async fn a_cost_of_nothing_passes_when_nothing_is_left<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    user.passes(10).await?;
    for refused_hits in 0..3 {
        let hit = user.take(0).await?;
        let test = user.test(0).await?;
        assert!(test.allowed(), "{refused_hits} refused: {test:?}");
        assert_eq!(hit.remaining(), 0, "{refused_hits} refused: {hit:?}");
        user.fails(1).await?;
    }
    Ok(())
}

async fn a_cost_of_nothing_does_not_start_a_window<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (user, fresh) = (case.user(4), case.user(4));
    user.passes(0).await?;
    case.pass(part(PERIOD, 2)).await;
    let expected = fresh.take(1).await?;
    let hit = user.take(1).await?;
    case.assert_same(hit.reset_time(), expected.reset_time(), &hit);
    Ok(())
}

async fn a_cost_of_nothing_does_not_move_the_reset<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    user.passes(3).await?;
    case.pass(part(PERIOD, 4)).await;
    let before = user.stats().await?;
    let hit = user.take(0).await?;
    let after = user.stats().await?;
    case.assert_same(hit.reset_time(), before.reset_time, &hit);
    case.assert_same(after.reset_time, before.reset_time, &after);
    Ok(())
}

async fn an_amount_of_nothing_refuses_all<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(0);
    let test = user.test(1).await?;
    assert!(!test.allowed(), "{test:?}");
    let hit = user.refused(1).await?;
    assert_eq!(hit.retry_after(), None, "{hit:?}");
    assert_eq!(hit.remaining(), 0, "{hit:?}");
    let nothing = user.take(0).await?;
    assert_eq!(nothing.reset_time(), nothing.now(), "{nothing:?}");
    Ok(())
}
