//! Law 12: what happens when a caller's clock goes back, or is behind another's.

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
            "a_clock_that_went_back_does_not_shorten_the_window",
            a_clock_that_went_back_does_not_shorten_the_window,
        ),
        law(
            "a_clock_that_went_back_does_not_lengthen_the_window",
            a_clock_that_went_back_does_not_lengthen_the_window,
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

async fn a_clock_that_went_back_does_not_shorten_the_window<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(4).await?;
    let reset_time = user.stats().await?.reset_time;
    let past = user.now().saturating_sub(part(PERIOD, 2));
    let hit = user.limiter.hit_at(&user.item, &user.id, 1, past).await?;
    assert!(hit.allowed(), "{hit:?}");
    let hit = user.limiter.hit_at(&user.item, &user.id, 1, past).await?;
    assert!(!hit.allowed(), "{hit:?}");
    // With more units in the window, a counter releases its first one earlier.
    let released_at = match K::PERIODS {
        1 => reset_time,
        _ => user.stats().await?.reset_time,
    };
    case.pass_to_just_before(released_at).await;
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
        let behind = times(part(PERIOD, 40), (hit + 1) % 3 * 5);
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
