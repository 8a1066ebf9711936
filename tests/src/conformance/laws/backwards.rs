//! Law 12: what happens when a caller's clock goes back, or is behind another's: no more
//! is admitted than the step releases, and nothing is closed for longer than a period.

use limits_core::{Keeps, Micros, Timestamp};

use crate::conformance::case::{Case, PERIOD, part, times};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "a_clock_that_went_back_admits_no_more",
            a_clock_that_went_back_admits_no_more,
        ),
        law(
            "a_clock_that_went_back_shortens_the_window_by_the_step_at_most",
            a_clock_that_went_back_shortens_the_window_by_the_step_at_most,
        ),
        law(
            "a_clock_that_went_back_does_not_lengthen_the_window",
            a_clock_that_went_back_does_not_lengthen_the_window,
        ),
        law(
            "k6_a_clock_that_went_back_closes_a_limit_for_a_period_at_most",
            k6_a_clock_that_went_back_closes_a_limit_for_a_period_at_most,
        ),
        law(
            "callers_whose_clocks_differ_share_the_amount",
            callers_whose_clocks_differ_share_the_amount,
        ),
        law(
            "a_clock_that_went_back_counts_nothing_twice",
            a_clock_that_went_back_counts_nothing_twice,
        ),
        law(
            "a_window_that_was_replaced_does_not_come_back",
            a_window_that_was_replaced_does_not_come_back,
        ),
        law(
            "answers_are_sane_at_the_ends_of_time",
            answers_are_sane_at_the_ends_of_time,
        ),
    ]
}

async fn a_clock_that_went_back_admits_no_more<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(5).await?;
    for step in [
        1,
        PERIOD.as_micros() / 2,
        PERIOD.as_micros(),
        100 * PERIOD.as_micros(),
    ] {
        let now = user.now().saturating_sub(Micros::from_micros(step));
        let test = user.limiter.test_at(&user.item, &user.id, 1, now).await?;
        let hit = user.limiter.hit_at(&user.item, &user.id, 1, now).await?;
        for decision in [test, hit] {
            assert!(!decision.allowed(), "{step} µs back: {decision:?}");
            assert_eq!(decision.remaining(), 0, "{step} µs back: {decision:?}");
            assert!(decision.reset_time() >= now, "{step} µs back: {decision:?}");
            assert!(
                decision.retry_at() > Some(now),
                "{step} µs back: {decision:?}"
            );
        }
    }
    Ok(())
}

async fn a_clock_that_went_back_shortens_the_window_by_the_step_at_most<F, K>(
    case: Case<F, K>,
) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (user, straight) = (case.user(5), case.user(5));
    straight.passes(5).await?;
    user.passes(4).await?;
    let step = part(PERIOD, 10);
    let past = user.now().saturating_sub(step);
    let hit = user.limiter.hit_at(&user.item, &user.id, 1, past).await?;
    assert!(hit.allowed(), "{hit:?}");
    let hit = user.limiter.hit_at(&user.item, &user.id, 1, past).await?;
    assert!(!hit.allowed(), "{hit:?}");
    let [expected, stats] = [straight.stats().await?, user.stats().await?];
    let earliest = expected.reset_time.saturating_sub(step);
    assert!(
        stats.reset_time.saturating_add(case.fixture.tolerance()) >= earliest,
        "{stats:?}, {expected:?}"
    );
    case.pass_to_just_before(earliest).await;
    let test = user.test(1).await?;
    assert!(!test.allowed(), "{test:?}");
    Ok(())
}

async fn a_clock_that_went_back_does_not_lengthen_the_window<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(4).await?;
    let past = user.now().saturating_sub(part(PERIOD, 2));
    let hit = user.limiter.hit_at(&user.item, &user.id, 1, past).await?;
    assert!(hit.allowed(), "{hit:?}");
    case.pass_everything().await;
    user.passes(5).await?;
    Ok(())
}

/// An end further away than a window can be is one of a clock that was ahead; two
/// periods for windows that count in the one after, and for a bucket.
async fn k6_a_clock_that_went_back_closes_a_limit_for_a_period_at_most<F, K>(
    case: Case<F, K>,
) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for step in [part(PERIOD, 4), PERIOD, Micros::from_secs(3_600)] {
        let user = case.user(1);
        let ahead = user.now().saturating_add(step);
        let hit = user.limiter.hit_at(&user.item, &user.id, 1, ahead).await?;
        assert!(hit.allowed(), "{hit:?}");
        let state = format!("{step:?} back, of {hit:?}");
        let test = user.test(1).await?;
        let hit = user.refused(1).await?;
        for refused in [test, hit] {
            let most = times(PERIOD, K::PERIODS_BEHIND);
            let latest = refused.now().saturating_add(most);
            let latest = latest.saturating_add(case.fixture.tolerance());
            assert!(refused.reset_time() <= latest, "{state}: {refused:?}");
            assert!(
                refused.retry_at().is_some_and(|at| at <= latest),
                "{state}: {refused:?}"
            );
        }
        case.pass_to(hit.retry_at().ok_or("a unit of one fits")?)
            .await;
        user.passes(1).await?;
    }
    Ok(())
}

async fn a_clock_that_went_back_counts_nothing_twice<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    user.passes(2).await?;
    case.pass(part(times(PERIOD, 9), 8)).await;
    user.passes(1).await?;
    for periods in [1, 2, 100] {
        let past = user.now().saturating_sub(times(PERIOD, periods));
        let test = user.limiter.test_at(&user.item, &user.id, 7, past).await?;
        assert!(test.allowed(), "{periods} periods back: {test:?}");
        assert!(test.remaining() >= 7, "{periods} periods back: {test:?}");
    }
    Ok(())
}

async fn callers_whose_clocks_differ_share_the_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    let mut units = 0;
    for hit in 0..30 {
        // The first is ahead of the others: what was released since then is nothing.
        let behind = times(part(PERIOD, 40), hit % 3 * 5);
        let now = user.now().saturating_sub(behind);
        let decision = user.limiter.hit_at(&user.item, &user.id, 1, now).await?;
        units += u64::from(decision.allowed());
    }
    assert_eq!(units, 10, "{:?}", user.stats().await?);
    Ok(())
}

async fn a_window_that_was_replaced_does_not_come_back<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(5).await?;
    let in_the_first_window = user.now();
    case.pass_everything().await;
    user.passes(1).await?;
    let test = user
        .limiter
        .test_at(&user.item, &user.id, 4, in_the_first_window);
    let test = test.await?;
    assert!(test.allowed(), "{test:?}");
    assert_eq!(test.remaining(), 4, "{test:?}");
    user.passes(4).await?;
    user.fails(1).await?;
    Ok(())
}

async fn answers_are_sane_at_the_ends_of_time<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let last = Timestamp::from_micros(u64::MAX);
    for instants in [[Timestamp::ZERO, last], [last, Timestamp::ZERO]] {
        let user = case.user(3);
        for now in instants.repeat(2) {
            // A server may refuse to answer for such an instant; nobody may panic.
            let hit = user.limiter.hit_at(&user.item, &user.id, 2, now).await;
            let test = user.limiter.test_at(&user.item, &user.id, 2, now).await;
            for decision in [hit, test].into_iter().flatten() {
                assert!(decision.reset_time() >= now, "{decision:?}");
                assert!(decision.retry_at() >= Some(now), "{decision:?}");
                assert!(decision.remaining() <= 3, "{decision:?}");
            }
        }
    }
    Ok(())
}
