//! Laws 6 and 8: a refused hit is told exactly when it passes.

use core::time::Duration;

use libtest_mimic::Failed;
use limits_core::{Decision, Keeps, Timestamp};

use crate::conformance::case::{Case, PERIOD, part, times};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};
use crate::conformance::user::User;

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law("retry_after_is_exact", retry_after_is_exact),
        law(
            "retry_after_is_exact_for_several_units",
            retry_after_is_exact_for_several_units,
        ),
        law(
            "retry_after_is_exact_for_the_whole_amount",
            retry_after_is_exact_for_the_whole_amount,
        ),
        law(
            "retry_after_is_exact_in_the_window_after",
            retry_after_is_exact_in_the_window_after,
        ),
        law(
            "retry_after_is_nothing_for_who_is_allowed",
            retry_after_is_nothing_for_who_is_allowed,
        ),
        law(
            "retry_after_counts_down_to_one_instant",
            retry_after_counts_down_to_one_instant,
        ),
        law(
            "who_waits_for_retry_after_always_gets_through",
            who_waits_for_retry_after_always_gets_through,
        ),
    ]
}

async fn retry_after_is_exact<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    take_two_two_one(&case, &user).await?;
    assert_retry_is_exact(&case, &user, 1).await
}

async fn retry_after_is_exact_for_several_units<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    take_two_two_one(&case, &user).await?;
    assert_retry_is_exact(&case, &user, 3).await
}

async fn retry_after_is_exact_for_the_whole_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    take_two_two_one(&case, &user).await?;
    assert_retry_is_exact(&case, &user, 5).await
}

async fn retry_after_is_exact_in_the_window_after<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(5).await?;
    case.pass(part(times(PERIOD, 11), 8)).await;
    let taken = user.take_all(6).await?;
    assert!(
        (1..=5).contains(&taken),
        "{taken} units: {:?}",
        user.stats().await?
    );
    assert_retry_is_exact(&case, &user, 2).await
}

async fn retry_after_is_nothing_for_who_is_allowed<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(3);
    for cost in [0, 1, 2, 0] {
        for decision in [user.test(cost).await?, user.take(cost).await?] {
            assert_eq!(decision.retry_at(), Some(decision.now()), "{decision:?}");
            assert_eq!(decision.retry_after(), Some(Duration::ZERO), "{decision:?}");
        }
    }
    Ok(())
}

async fn retry_after_counts_down_to_one_instant<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(4);
    user.passes(3).await?;
    let first = user.test(4).await?;
    for _ in 0..3 {
        case.pass(part(PERIOD, 5)).await;
        let test = user.test(4).await?;
        case.assert_same(retry_at(&test)?, retry_at(&first)?, &(first, test));
        let wait = retry_at(&test)?.saturating_since(test.now());
        assert_eq!(test.retry_after(), Some(wait.to_duration()), "{test:?}");
    }
    Ok(())
}

async fn who_waits_for_retry_after_always_gets_through<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(3);
    for cost in [2, 1, 3, 2] {
        let hit = user.hit(cost).await?;
        if !hit.allowed() {
            case.pass_to(retry_at(&hit)?).await;
            user.passes(cost).await?;
        }
    }
    Ok(())
}

/// Takes all of 5 units, at three instants of the first half of a period.
async fn take_two_two_one<F, K>(case: &Case<F, K>, user: &User<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    user.passes(2).await?;
    case.pass(part(PERIOD, 4)).await;
    user.passes(2).await?;
    case.pass(part(PERIOD, 4)).await;
    user.passes(1).await?;
    // What a bucket has refilled meanwhile.
    user.take_all(5).await?;
    Ok(())
}

/// Asserts that a hit of `cost` is refused now and until the instant it is told, and passes at it.
async fn assert_retry_is_exact<F, K>(case: &Case<F, K>, user: &User<F, K>, cost: u64) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let refused = user.refused(cost).await?;
    let at = retry_at(&refused)?;
    assert!(at > refused.now(), "{refused:?}");
    let wait = at.saturating_since(refused.now());
    for _ in 0..3 {
        case.pass(part(wait, 4)).await;
        assert_still_refused(user, cost).await?;
    }
    case.pass_to_just_before(at).await;
    assert_still_refused(user, cost).await?;
    case.pass_to(at).await;
    let test = user.test(cost).await?;
    assert!(test.allowed(), "{refused:?}, {test:?}");
    user.passes(cost).await?;
    Ok(())
}

async fn assert_still_refused<F, K>(user: &User<F, K>, cost: u64) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let test = user.test(cost).await?;
    assert!(!test.allowed(), "{test:?}");
    if !K::default().extends() {
        user.fails(cost).await?;
    }
    Ok(())
}

fn retry_at(decision: &Decision) -> Result<Timestamp, Failed> {
    let never = || format!("a cost up to the amount passes at some time: {decision:?}");
    Ok(decision.retry_at().ok_or_else(never)?)
}
