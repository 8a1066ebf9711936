//! The moving window, and the log it needs from a storage.

use limits_core::window::Moving;
use limits_core::{Ask, Keeps, Key, Limit, MovingWindowSupport};

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::suite::{Law, Outcome, law};

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, Moving>>
where
    F: Fixture<Storage: Keeps<Moving>>,
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
            "get_moving_window_reads_the_oldest_entry_and_how_many_there_are",
            get_moving_window_reads_the_oldest_entry_and_how_many_there_are,
        ),
        law(
            "peek_tells_when_any_cost_fits",
            peek_tells_when_any_cost_fits,
        ),
    ]
}

async fn each_unit_is_back_exactly_one_period_later<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: Keeps<Moving>>,
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
    F: Fixture<Storage: Keeps<Moving>>,
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
    F: Fixture<Storage: Keeps<Moving>>,
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
    F: Fixture<Storage: Keeps<Moving>>,
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
    F: Fixture<Storage: Keeps<Moving>>,
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
    F: Fixture<Storage: Keeps<Moving>>,
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
    F: Fixture<Storage: Keeps<Moving>>,
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
    F: Fixture<Storage: Keeps<Moving>>,
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
    F: Fixture<Storage: Keeps<Moving>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    for (cost, fits, used) in [(11, false, 0), (1, true, 1), (10, false, 1), (9, true, 10)] {
        let acquired = storage.acquire_entry(key, 10, PERIOD, cost, case.now());
        assert_eq!(acquired.await?, fits, "{cost} units at {:?}", case.now());
        let window = storage.get_moving_window(key, 10, PERIOD, case.now());
        let (_, units) = window.await?;
        assert_eq!(units, used, "after {cost} units at {:?}", case.now());
    }
    Ok(())
}

async fn acquire_entry_is_over_at_its_expiry<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: Keeps<Moving>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let end = case.now().saturating_add(PERIOD);
    let acquire = || storage.acquire_entry(key, 1, PERIOD, 1, case.now());
    assert!(acquire().await?, "the first at {:?}", case.now());
    case.pass_to_just_before(end).await;
    assert!(!acquire().await?, "the second at {:?}", case.now());
    case.pass_to(end).await;
    assert!(acquire().await?, "the third at {:?}", case.now());
    Ok(())
}

async fn get_moving_window_reads_the_oldest_entry_and_how_many_there_are<F>(
    case: Case<F, Moving>,
) -> Outcome
where
    F: Fixture<Storage: Keeps<Moving>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    let now = case.now();
    let none = storage.get_moving_window(key, 10, PERIOD, now).await?;
    assert_eq!(none, (now, 0));
    let first = case.now();
    storage.acquire_entry(key, 10, PERIOD, 4, first).await?;
    case.pass(part(PERIOD, 4)).await;
    let second = case.now();
    storage.acquire_entry(key, 10, PERIOD, 3, second).await?;
    for (oldest, entries) in [(first, 7), (second, 3)] {
        let read = storage.get_moving_window(key, 10, PERIOD, case.now());
        let (start, units) = read.await?;
        assert_eq!(units, entries, "since {start:?} at {:?}", case.now());
        case.assert_same(start, oldest, &units);
        case.pass_to(oldest.saturating_add(PERIOD)).await;
    }
    let now = case.now();
    let none = storage.get_moving_window(key, 10, PERIOD, now).await?;
    assert_eq!(none, (now, 0));
    Ok(())
}

async fn peek_tells_when_any_cost_fits<F>(case: Case<F, Moving>) -> Outcome
where
    F: Fixture<Storage: Keeps<Moving>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let limit = Limit::new(10, PERIOD);
    let ask = |cost| Ask::of_key(Moving, Key::from(id.as_str()), limit, cost);
    let first = storage.acquire(ask(4), case.now()).await?;
    case.pass(part(PERIOD, 4)).await;
    let second = storage.acquire(ask(3), case.now()).await?;
    let [oldest, newest] = [first, second].map(|hit| hit.now().saturating_add(PERIOD));
    for (cost, retry_at) in [
        (3, None),
        (4, Some(oldest)),
        (7, Some(oldest)),
        (8, Some(newest)),
    ] {
        let answer = storage.peek(ask(cost), case.now()).await?;
        assert_eq!(answer.remaining(), 3, "{answer:?}");
        case.assert_same(answer.reset_time(), oldest, &answer);
        let expected = retry_at.unwrap_or(answer.now());
        let retry_at = answer.retry_at().ok_or("the cost fits at some time")?;
        case.assert_same(retry_at, expected, &answer);
    }
    Ok(())
}
