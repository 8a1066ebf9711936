//! Laws 7 and 8: when a window resets, and what is left then.

use core::time::Duration;

use limits_core::{Keeps, WindowStats};

use crate::conformance::case::{Case, PERIOD, part, times};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "an_untouched_key_reports_the_full_amount",
            an_untouched_key_reports_the_full_amount,
        ),
        law(
            "a_key_that_is_over_reports_as_untouched",
            a_key_that_is_over_reports_as_untouched,
        ),
        law(
            "a_cleared_key_reports_as_untouched",
            a_cleared_key_reports_as_untouched,
        ),
        law(
            "reset_time_is_never_in_the_past",
            reset_time_is_never_in_the_past,
        ),
        law(
            "reset_time_is_after_now_while_anything_is_used",
            reset_time_is_after_now_while_anything_is_used,
        ),
        law(
            "nothing_is_released_before_the_reset_and_something_at_it",
            nothing_is_released_before_the_reset_and_something_at_it,
        ),
        law(
            "the_whole_amount_is_back_after_the_window",
            the_whole_amount_is_back_after_the_window,
        ),
    ]
}

async fn an_untouched_key_reports_the_full_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for amount in [0, 1, 10] {
        assert_untouched(amount, case.user(amount).stats().await?);
    }
    Ok(())
}

async fn a_key_that_is_over_reports_as_untouched<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    user.passes(7).await?;
    case.pass_everything().await;
    assert_untouched(10, user.stats().await?);
    let test = user.test(10).await?;
    assert!(test.allowed(), "{test:?}");
    case.pass(times(PERIOD, 1)).await;
    assert_untouched(10, user.stats().await?);
    Ok(())
}

async fn a_cleared_key_reports_as_untouched<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    user.passes(10).await?;
    case.pass(part(PERIOD, 4)).await;
    user.clear().await?;
    assert_untouched(10, user.stats().await?);
    user.passes(10).await?;
    Ok(())
}

async fn reset_time_is_never_in_the_past<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(4);
    for step in 0..16 {
        let stats = user.stats().await?;
        assert!(stats.reset_time >= stats.now, "step {step}: {stats:?}");
        // Hits for a while, then silence until everything is over.
        if step < 6 {
            for decision in [user.hit(1).await?, user.test(4).await?] {
                assert!(
                    decision.reset_time() >= decision.now(),
                    "step {step}: {decision:?}"
                );
            }
        }
        case.pass(part(PERIOD, 4)).await;
    }
    Ok(())
}

async fn reset_time_is_after_now_while_anything_is_used<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(4);
    let hit = user.take(4).await?;
    assert!(hit.reset_time() > hit.now(), "{hit:?}");
    for step in 0..9 {
        let stats = user.stats().await?;
        let is_used = stats.remaining < 4;
        assert!(is_used || step >= 4, "step {step}: {stats:?}");
        assert_eq!(
            stats.reset_time > stats.now,
            is_used,
            "step {step}: {stats:?}"
        );
        assert_eq!(
            stats.reset_after() > Duration::ZERO,
            is_used,
            "step {step}: {stats:?}"
        );
        case.pass(part(PERIOD, 4)).await;
    }
    Ok(())
}

async fn nothing_is_released_before_the_reset_and_something_at_it<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(6);
    user.passes(3).await?;
    case.pass(part(PERIOD, 4)).await;
    user.passes(2).await?;
    // Each time a part of the five units is released, until none is left.
    for release in 0..6 {
        let before = user.stats().await?;
        if before.remaining == 6 {
            assert!(release > 0, "{before:?}");
            return Ok(());
        }
        case.pass_to_just_before(before.reset_time).await;
        let just_before = user.stats().await?;
        assert_eq!(
            just_before.remaining, before.remaining,
            "{before:?}, {just_before:?}"
        );
        case.assert_same(just_before.reset_time, before.reset_time, &just_before);
        case.pass_to(before.reset_time).await;
        let after = user.stats().await?;
        assert!(after.remaining > before.remaining, "{before:?}, {after:?}");
    }
    panic!(
        "five units need no more than five releases: {:?}",
        user.stats().await?
    );
}

async fn the_whole_amount_is_back_after_the_window<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(8);
    for window in 0..2 {
        user.passes(8).await?;
        user.fails(1).await?;
        case.pass_everything().await;
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, 8, "window {window}: {stats:?}");
    }
    user.passes(8).await?;
    Ok(())
}

#[track_caller]
fn assert_untouched(amount: u64, stats: WindowStats) {
    assert_eq!(stats.limit, amount, "{stats:?}");
    assert_eq!(stats.remaining, amount, "{stats:?}");
    assert_eq!(stats.reset_time, stats.now, "{stats:?}");
    assert_eq!(stats.reset_after(), Duration::ZERO, "{stats:?}");
}
