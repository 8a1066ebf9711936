//! Laws 6 and 8: a refused hit is told exactly when it passes.

use core::time::Duration;
use std::time::Instant;

use futures_util::future::try_join_all;
use libtest_mimic::Failed;
use limits_core::{Decision, Keeps, RateLimitItem, Timestamp};

use crate::conformance::case::{Case, PERIOD, part, times, unique_id};
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
        law(
            "k2_retry_after_is_never_early",
            k2_retry_after_is_never_early,
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

/// In steps of a server's clock too: who counts milliseconds rounds up to one.
async fn k2_retry_after_is_never_early<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for _ in 0..4 {
        let waits = (0..8).map(|_| passes_after_exactly_the_wait(&case));
        try_join_all(waits).await?;
    }
    Ok(())
}

async fn passes_after_exactly_the_wait<F, K>(case: &Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user_of(RateLimitItem::per_second(1), unique_id());
    user.passes(1).await?;
    let refused = user.refused(1).await?;
    let wait = refused.retry_after().ok_or("a unit of one fits")?;
    if case.is_exact() {
        case.pass_to(retry_at(&refused)?).await;
    } else {
        wait_exactly(wait).await;
    }
    let hit = user.hit(1).await?;
    assert!(hit.allowed(), "{refused:?}, {hit:?}");
    Ok(())
}

/// Waits no longer than asked to, as a sleep in whole milliseconds may.
async fn wait_exactly(wait: Duration) {
    const STEP: Duration = Duration::from_millis(2);
    let deadline = Instant::now() + wait;
    tokio::time::sleep(wait.saturating_sub(STEP)).await;
    while Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
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
