//! What a limiter does in the course of one window, the same for every strategy.

use core::num::NonZeroU32;

use limits_core::{Keeps, Micros, RateLimitItem};

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "ten_hits_pass_and_the_eleventh_does_not",
            ten_hits_pass_and_the_eleventh_does_not,
        ),
        law(
            "remaining_goes_down_by_the_cost",
            remaining_goes_down_by_the_cost,
        ),
        law("a_hit_may_cost_several_units", a_hit_may_cost_several_units),
        law(
            "a_hit_may_cost_the_whole_amount",
            a_hit_may_cost_the_whole_amount,
        ),
        law("a_smaller_cost_may_still_fit", a_smaller_cost_may_still_fit),
        law(
            "tests_between_hits_say_what_is_left",
            tests_between_hits_say_what_is_left,
        ),
        law(
            "the_window_begins_with_the_first_hit",
            the_window_begins_with_the_first_hit,
        )
        .only_where(Fixture::starts_windows_with_the_first_hit),
        // A server may be busy with it for so long that others are late.
        law("a_limit_may_be_large", a_limit_may_be_large)
            .only_where(|fixture| K::largest_amount(fixture, HOUR) >= 1_000_000)
            .alone(),
        law("periods_may_be_long", periods_may_be_long),
    ]
}

const HOUR: Micros = Micros::from_secs(3_600);

async fn ten_hits_pass_and_the_eleventh_does_not<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    for hit in 0..10 {
        let decision = user.take(1).await?;
        assert_eq!(decision.remaining(), 9 - hit, "{decision:?}");
    }
    let eleventh = user.refused(1).await?;
    assert_eq!(eleventh.limit(), 10, "{eleventh:?}");
    assert_eq!(eleventh.remaining(), 0, "{eleventh:?}");
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 0, "{stats:?}");
    Ok(())
}

async fn remaining_goes_down_by_the_cost<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    let mut remaining = 10;
    for cost in [1, 4, 0, 2, 3] {
        let hit = user.take(cost).await?;
        remaining -= cost;
        assert_eq!(hit.remaining(), remaining, "{hit:?}");
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, remaining, "{stats:?}");
    }
    Ok(())
}

async fn a_hit_may_cost_several_units<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    let test = user.test(11).await?;
    assert!(!test.allowed(), "{test:?}");
    user.fails(11).await?;
    let test = user.test(5).await?;
    assert!(test.allowed(), "{test:?}");
    let hit = user.take(5).await?;
    assert_eq!(hit.remaining(), 5, "{hit:?}");
    let test = user.test(6).await?;
    assert!(!test.allowed(), "{test:?}");
    user.fails(6).await?;
    user.passes(5).await?;
    user.fails(1).await?;
    Ok(())
}

async fn a_hit_may_cost_the_whole_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(10);
    let test = user.test(10).await?;
    assert!(test.allowed(), "{test:?}");
    let hit = user.take(10).await?;
    assert_eq!(hit.remaining(), 0, "{hit:?}");
    user.fails(1).await?;
    Ok(())
}

async fn a_smaller_cost_may_still_fit<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(6);
    for (cost, fits) in [(4, true), (3, false), (2, true), (2, false), (1, false)] {
        let test = user.test(cost).await?;
        let hit = user.hit(cost).await?;
        assert_eq!(test.allowed(), fits, "{test:?}");
        assert_eq!(hit.allowed(), fits, "{hit:?}");
    }
    Ok(())
}

async fn tests_between_hits_say_what_is_left<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(2);
    user.passes(1).await?;
    let test = user.test(1).await?;
    assert!(test.allowed(), "{test:?}");
    assert_eq!(test.remaining(), 1, "{test:?}");
    user.passes(1).await?;
    let test = user.test(1).await?;
    assert!(!test.allowed(), "{test:?}");
    user.fails(1).await?;
    Ok(())
}

async fn the_window_begins_with_the_first_hit<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (one, other) = (case.user(2), case.user(2));
    let first = one.take(2).await?;
    case.pass(part(PERIOD, 4)).await;
    let second = other.take(2).await?;
    let apart = second.now().saturating_since(first.now());
    let expected = first.reset_time().saturating_add(apart);
    case.assert_same(second.reset_time(), expected, &(first, second));
    Ok(())
}

async fn a_limit_may_be_large<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    // A bucket refills a unit in 86 ms: more than two hits of a slow server take.
    let user = case.user_of(RateLimitItem::per_day(1_000_000), unique_id());
    user.fails(1_000_001).await?;
    let hit = user.take(999_999).await?;
    assert_eq!(hit.remaining(), 1, "{hit:?}");
    user.fails(2).await?;
    user.passes(1).await?;
    let refused = user.refused(1).await?;
    assert_eq!(refused.remaining(), 0, "{refused:?}");
    user.clear().await?;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 1_000_000, "{stats:?}");
    user.passes(1_000_000).await?;
    Ok(())
}

async fn periods_may_be_long<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let year = RateLimitItem::per_year(2);
    let decade = year.with_multiples(NonZeroU32::MIN.saturating_add(9));
    for item in [RateLimitItem::per_month(2), year, decade] {
        let user = case.user_of(item, unique_id());
        user.passes(1).await?;
        let hit = user.take(1).await?;
        let refused = user.refused(2).await?;
        assert!(hit.reset_time() > hit.now(), "{hit:?}");
        let wait = refused
            .retry_at()
            .map(|at| at.saturating_since(refused.now()));
        let least = if case.fixture.starts_windows_with_the_first_hit() {
            item.get_expiry().as_micros() - 1_000_000
        } else {
            0
        };
        assert!(
            wait.is_some_and(|wait| wait.as_micros() > least),
            "{refused:?}"
        );
        user.clear().await?;
    }
    Ok(())
}
