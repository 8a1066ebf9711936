//! The moving window, and the log it needs from a storage.

use limits_core::limiter::Moving;
use limits_core::{Key, Limit, MovingWindowSupport};

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::suite::{Law, Outcome, law};

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, Moving>>
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    vec![
        law(
            "each_unit_is_back_exactly_one_period_later",
            each_unit_is_back_exactly_one_period_later,
        ),
        law("five_early_and_five_late", five_early_and_five_late),
        law(
            "reset_is_when_the_oldest_unit_is_back",
            reset_is_when_the_oldest_unit_is_back,
        ),
        law(
            "varying_costs_are_released_as_they_came",
            varying_costs_are_released_as_they_came,
        ),
        law(
            "no_interval_of_a_period_holds_more_than_the_amount",
            no_interval_of_a_period_holds_more_than_the_amount,
        ),
        law(
            "the_largest_amount_is_kept_unit_by_unit",
            the_largest_amount_is_kept_unit_by_unit,
        ),
        law(
            "b21_reset_time_is_not_in_the_past_when_all_is_over",
            b21_reset_time_is_not_in_the_past_when_all_is_over,
        ),
        law(
            "b21_test_and_hit_agree_when_a_unit_is_one_period_old",
            b21_test_and_hit_agree_when_a_unit_is_one_period_old,
        ),
        law("acquire_entry_takes_any_cost", acquire_entry_takes_any_cost),
        law(
            "acquire_entry_is_over_at_its_expiry",
            acquire_entry_is_over_at_its_expiry,
        ),
        law(
            "get_moving_window_tells_what_is_used",
            get_moving_window_tells_what_is_used,
        ),
    ]
}

async fn each_unit_is_back_exactly_one_period_later<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let user = case.user(3);
    let mut ends = Vec::new();
    for _ in 0..3 {
        let hit = user.take(1).await?;
        ends.push(hit.now().saturating_add(PERIOD));
        case.pass(part(PERIOD, 5)).await;
    }
    for (released, end) in ends.into_iter().enumerate() {
        case.pass_to_just_before(end).await;
        let test = user.test(1 + released as u64).await?;
        assert!(!test.allowed(), "{released} released: {test:?}");
        assert_eq!(test.remaining(), released as u64, "{test:?}");
        case.pass_to(end).await;
        let test = user.test(1 + released as u64).await?;
        assert!(test.allowed(), "{released} released: {test:?}");
    }
    Ok(())
}

async fn five_early_and_five_late<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let user = case.user(10);
    let early = user.take(1).await?;
    assert_eq!(user.take_all(4).await?, 4, "{early:?}");
    case.pass(part(PERIOD, 2)).await;
    let late = user.take(1).await?;
    assert_eq!(user.take_all(6).await?, 4, "{late:?}");
    user.fails(1).await?;
    case.pass_to(early.now().saturating_add(PERIOD)).await;
    assert_eq!(user.take_all(6).await?, 5, "{early:?}, {late:?}");
    case.pass_to(late.now().saturating_add(PERIOD)).await;
    assert_eq!(user.take_all(6).await?, 5, "{early:?}, {late:?}");
    Ok(())
}

async fn reset_is_when_the_oldest_unit_is_back<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let user = case.user(3);
    let first = user.take(1).await?;
    case.pass(part(PERIOD, 2)).await;
    let second = user.take(1).await?;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 1, "{stats:?}");
    let end = first.now().saturating_add(PERIOD);
    for reset_time in [first.reset_time(), second.reset_time(), stats.reset_time] {
        case.assert_same(reset_time, end, &(first, second, stats));
    }
    case.pass_to(end).await;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 2, "{stats:?}");
    case.assert_same(
        stats.reset_time,
        second.now().saturating_add(PERIOD),
        &stats,
    );
    Ok(())
}

async fn varying_costs_are_released_as_they_came<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let user = case.user(6);
    let one = user.take(1).await?;
    case.pass(part(PERIOD, 4)).await;
    let four = user.take(4).await?;
    user.fails(2).await?;
    user.passes(1).await?;
    let two = user.refused(2).await?;
    let at = two.retry_at().ok_or("two of six units pass at some time")?;
    case.assert_same(at, four.now().saturating_add(PERIOD), &two);
    case.pass_to(one.now().saturating_add(PERIOD)).await;
    user.fails(2).await?;
    user.passes(1).await?;
    user.clear().await?;
    user.passes(6).await?;
    Ok(())
}

async fn no_interval_of_a_period_holds_more_than_the_amount<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let user = case.user(7);
    let mut taken = Vec::new();
    for cost in [3, 1, 2, 4, 1, 1, 2, 3, 5, 1, 2, 2, 4, 1, 3, 1, 1, 7, 2, 1] {
        let hit = user.hit(cost).await?;
        if hit.allowed() {
            taken.push((hit.now(), cost));
        }
        case.pass(part(PERIOD, 7)).await;
    }
    for (start, _) in &taken {
        let end = start
            .saturating_add(PERIOD)
            .saturating_sub(case.fixture.tolerance());
        let within = taken.iter().filter(|(at, _)| (*start..end).contains(at));
        let units: u64 = within.map(|(_, cost)| cost).sum();
        assert!(
            units <= 7,
            "{units} units from {start:?} to {end:?}: {taken:?}"
        );
    }
    let units: u64 = taken.iter().map(|(_, cost)| cost).sum();
    assert!(units >= 14, "{units} units in 20 steps: {taken:?}");
    Ok(())
}

async fn the_largest_amount_is_kept_unit_by_unit<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let amount = case.fixture.largest_moving_amount().min(64);
    let user = case.user(amount);
    let mut ends = Vec::new();
    for _ in 0..amount {
        let hit = user.take(1).await?;
        ends.push(hit.now().saturating_add(PERIOD));
        case.pass(part(PERIOD, 2 * amount)).await;
    }
    user.fails(1).await?;
    let oldest = [ends[0], ends[1]];
    case.pass_to(oldest[0]).await;
    let stats = user.stats().await?;
    assert!(stats.remaining >= 1, "{stats:?}");
    if case.is_exact() {
        assert_eq!(stats.remaining, 1, "{stats:?}");
        assert_eq!(stats.reset_time, oldest[1], "{stats:?}");
    }
    case.pass_to(ends[ends.len() - 1]).await;
    user.passes(amount).await?;
    user.fails(1).await?;
    Ok(())
}

async fn b21_reset_time_is_not_in_the_past_when_all_is_over<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let user = case.user(3);
    user.passes(1).await?;
    case.pass(part(PERIOD, 4)).await;
    user.passes(2).await?;
    case.pass_everything().await;
    for _ in 0..2 {
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, 3, "{stats:?}");
        assert_eq!(stats.reset_time, stats.now, "{stats:?}");
        case.pass(part(PERIOD, 2)).await;
    }
    Ok(())
}

async fn b21_test_and_hit_agree_when_a_unit_is_one_period_old<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let user = case.user(1);
    for round in 0..3 {
        let hit = user.take(1).await?;
        let end = hit.now().saturating_add(PERIOD);
        case.pass_to_just_before(end).await;
        let test = user.test(1).await?;
        assert!(!test.allowed(), "round {round}: {test:?}");
        user.fails(1).await?;
        case.pass_to(end).await;
        let test = user.test(1).await?;
        assert!(test.allowed(), "round {round}: {test:?}");
    }
    Ok(())
}

async fn acquire_entry_takes_any_cost<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let (key, limit) = (Key::from(id.as_str()), Limit::new(10, PERIOD));
    for (cost, allowed, remaining) in [(11, false, 10), (1, true, 9), (10, false, 9), (9, true, 0)]
    {
        let decision = storage.acquire_entry(key, limit, cost, case.now()).await?;
        assert_eq!(decision.allowed(), allowed, "{decision:?}");
        assert_eq!(decision.remaining(), remaining, "{decision:?}");
    }
    Ok(())
}

async fn acquire_entry_is_over_at_its_expiry<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let (key, limit) = (Key::from(id.as_str()), Limit::new(1, PERIOD));
    let end = case.now().saturating_add(PERIOD);
    let first = storage.acquire_entry(key, limit, 1, case.now()).await?;
    assert!(first.allowed(), "{first:?}");
    case.pass_to_just_before(end).await;
    let second = storage.acquire_entry(key, limit, 1, case.now()).await?;
    assert!(!second.allowed(), "{first:?}, {second:?}");
    case.pass_to(end).await;
    let third = storage.acquire_entry(key, limit, 1, case.now()).await?;
    assert!(third.allowed(), "{first:?}, {third:?}");
    Ok(())
}

async fn get_moving_window_tells_what_is_used<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: MovingWindowSupport>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let (key, limit) = (Key::from(id.as_str()), Limit::new(10, PERIOD));
    let now = case.now();
    let usage = storage.get_moving_window(key, limit, 10, now).await?;
    assert_eq!(usage.used, 0, "{usage:?}");
    assert!(usage.admits(limit, 10), "{usage:?}");
    let first = storage.acquire_entry(key, limit, 4, case.now()).await?;
    case.pass(part(PERIOD, 4)).await;
    let second = storage.acquire_entry(key, limit, 3, case.now()).await?;
    let usage = storage.get_moving_window(key, limit, 8, case.now()).await?;
    assert_eq!(usage.used, 7, "{usage:?}");
    assert!(
        usage.admits(limit, 3) && !usage.admits(limit, 4),
        "{usage:?}"
    );
    let [oldest, newest] = [first, second].map(|hit| hit.now().saturating_add(PERIOD));
    case.assert_same(usage.reset_time, oldest, &usage);
    case.assert_same(usage.retry_at, newest, &usage);
    Ok(())
}
