//! The sliding window counter, and the two counters it needs from a storage.

use libtest_mimic::Failed;
use limits_core::window::SlidingCounter;
use limits_core::{Keeps, Key, Micros, RateLimitItem, SlidingWindowCounterSupport, Timestamp};

use crate::conformance::case::{Case, PERIOD, TICK, part, times, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::suite::{Law, Outcome, law};
use crate::conformance::user::User;

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, SlidingCounter>>
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    vec![
        law(
            "the_current_window_counts_in_full",
            the_current_window_counts_in_full,
        ),
        law(
            "the_previous_window_counts_less_and_less",
            the_previous_window_counts_less_and_less,
        ),
        law(
            "one_unit_is_back_every_part_of_the_period",
            one_unit_is_back_every_part_of_the_period,
        ),
        law("both_windows_count_together", both_windows_count_together),
        law(
            "nothing_is_left_of_windows_two_periods_old",
            nothing_is_left_of_windows_two_periods_old,
        ),
        law(
            "b4_reset_time_is_ahead_at_exact_multiples",
            b4_reset_time_is_ahead_at_exact_multiples,
        ),
        law(
            "b6_windows_long_over_do_not_come_back_one_by_one",
            b6_windows_long_over_do_not_come_back_one_by_one,
        ),
        law("weights_are_rounded_down", weights_are_rounded_down).only_where(is_exact),
        law("large_weights_are_exact", large_weights_are_exact).only_where(is_exact),
        law(
            "acquire_sliding_window_entry_takes_any_cost",
            acquire_sliding_window_entry_takes_any_cost,
        ),
        law(
            "get_sliding_window_reads_both_counters_and_how_long_they_count",
            get_sliding_window_reads_both_counters_and_how_long_they_count,
        ),
        law(
            "the_current_window_becomes_the_previous_one_at_its_end",
            the_current_window_becomes_the_previous_one_at_its_end,
        ),
    ]
}

fn is_exact<F: Fixture>(fixture: &F) -> bool {
    fixture.tolerance() == Micros::ZERO
}

async fn the_current_window_counts_in_full<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let user = case.user(4);
    let start = user.take(1).await?.now();
    for (eighths, remaining) in [(2, 2), (4, 1), (7, 0)] {
        case.pass_to(start.saturating_add(part(times(PERIOD, eighths), 8)))
            .await;
        let hit = user.take(1).await?;
        assert_eq!(hit.remaining(), remaining, "{hit:?}");
    }
    user.fails(1).await?;
    Ok(())
}

async fn the_previous_window_counts_less_and_less<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let user = case.user(5);
    let second = fill_and_wait(&case, &user, 3).await?;
    // Halfway between the instants at which a third is released.
    for (sixths, remaining) in [(1, 3), (3, 4), (5, 5)] {
        case.pass_to(second.saturating_add(part(times(PERIOD, sixths), 6)))
            .await;
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, remaining, "{stats:?}");
    }
    Ok(())
}

async fn one_unit_is_back_every_part_of_the_period<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let user = case.user(4);
    let second = fill_and_wait(&case, &user, 4).await?;
    for quarters in 0..4 {
        let quarter = second.saturating_add(part(times(PERIOD, quarters), 4));
        let release = quarter.saturating_add(TICK);
        if quarters > 0 || case.is_exact() {
            case.pass_to_just_before(release).await;
            user.fails(1).await?;
        }
        case.pass_to(release).await;
        user.passes(1).await?;
        user.fails(1).await?;
    }
    Ok(())
}

async fn both_windows_count_together<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let user = case.user(10);
    let second = fill_and_wait(&case, &user, 8).await?;
    // 8 * 5/16 = 2.5 of the previous window, and what is taken now.
    case.pass_to(second.saturating_add(part(times(PERIOD, 11), 16)))
        .await;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 8, "{stats:?}");
    user.fails(9).await?;
    let hit = user.take(6).await?;
    assert_eq!(hit.remaining(), 2, "{hit:?}");
    user.fails(3).await?;
    user.passes(2).await?;
    user.fails(1).await?;
    Ok(())
}

async fn nothing_is_left_of_windows_two_periods_old<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let user = case.user(5);
    let start = user.take(5).await?.now();
    case.pass_to(start.saturating_add(times(PERIOD, 2))).await;
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 5, "{stats:?}");
    assert_eq!(stats.reset_time, stats.now, "{stats:?}");
    let hit = user.take(5).await?;
    assert_eq!(hit.remaining(), 0, "{hit:?}");
    Ok(())
}

async fn b4_reset_time_is_ahead_at_exact_multiples<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let user = case.user(4);
    let hit = user.take(4).await?;
    assert!(hit.reset_time() > hit.now(), "{hit:?}");
    let end = hit.now().saturating_add(PERIOD);
    for quarters in 0..4 {
        case.pass_to(end.saturating_add(part(times(PERIOD, quarters), 4)))
            .await;
        let stats = user.stats().await?;
        if stats.remaining < 4 {
            assert!(
                stats.reset_time > stats.now,
                "{quarters} quarters: {stats:?}"
            );
        }
        // A quarter is over once a microsecond of the next one is.
        let next = end.saturating_add(part(times(PERIOD, quarters + 1), 4));
        let next = next.saturating_add(case.fixture.tolerance().max(TICK));
        assert!(stats.reset_time <= next, "{quarters} quarters: {stats:?}");
    }
    Ok(())
}

async fn b6_windows_long_over_do_not_come_back_one_by_one<F>(
    case: Case<F, SlidingCounter>,
) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let user = case.user(5);
    let start = user.take(5).await?.now();
    case.pass_to(start.saturating_add(part(times(PERIOD, 5), 2)))
        .await;
    let units = [user.take_all(10).await?, user.take_all(10).await?];
    assert_eq!(units, [5, 0], "{:?}", user.stats().await?);
    Ok(())
}

/// The worked example of the reference: 8 of 10 hits in a previous window of a minute.
async fn weights_are_rounded_down<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let minute = Micros::from_secs(60);
    let user = case.user_of(RateLimitItem::per_minute(10), unique_id());
    let second = user.take(8).await?.now().saturating_add(minute);
    for (millis, remaining) in [(0, 2), (7_500, 3), (7_600, 4), (59_999, 10)] {
        case.pass_to(second.saturating_add(Micros::from_millis(millis)))
            .await;
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, remaining, "after {millis} ms: {stats:?}");
        let test = user.test(remaining).await?;
        assert!(test.allowed(), "after {millis} ms: {test:?}");
    }
    Ok(())
}

/// Products of counts and periods that need more than 64 bits.
async fn large_weights_are_exact<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let amount = case.fixture.largest_amount().min((1 << 52) + 12_345);
    let item = RateLimitItem::per_year(amount);
    let user = case.user_of(item, unique_id());
    user.passes(amount).await?;
    case.pass(item.get_expiry()).await;
    for sevenths in 1..7 {
        case.pass(part(item.get_expiry(), 7)).await;
        // A seventh is not a whole number of microseconds.
        let passed = u128::from(part(item.get_expiry(), 7).as_micros()) * sevenths;
        let period = u128::from(item.get_expiry().as_micros());
        let weight = u128::from(amount) * (period - passed) / period;
        let remaining = amount - u64::try_from(weight)?;
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, remaining, "{stats:?}");
        for cost in [
            1,
            remaining / 2,
            remaining,
            remaining + 1,
            amount - 1,
            amount,
        ] {
            let test = user.test(cost).await?;
            assert_eq!(test.allowed(), cost <= remaining, "{remaining}: {test:?}");
        }
    }
    Ok(())
}

async fn acquire_sliding_window_entry_takes_any_cost<F>(case: Case<F, SlidingCounter>) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let (storage, id) = (case.fixture.storage(), unique_id());
    let key = Key::from(id.as_str());
    for (cost, fits, used) in [(11, false, 0), (1, true, 1), (10, false, 1), (9, true, 10)] {
        let call = storage.acquire_sliding_window_entry(key, 10, PERIOD, cost, case.now());
        assert_eq!(call.await?, fits, "{cost} units at {:?}", case.now());
        let [_, current] = counters(&case, &storage, key).await?;
        assert_eq!(current, used, "after {cost} units at {:?}", case.now());
    }
    Ok(())
}

async fn get_sliding_window_reads_both_counters_and_how_long_they_count<F>(
    case: Case<F, SlidingCounter>,
) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let (storage, user) = (case.fixture.storage(), case.user(10));
    let key = user.item.key_for(&user.id);
    let read = async |previous, previous_end, current, current_end| {
        let now = case.now();
        let window = storage.get_sliding_window(key, PERIOD, now).await?;
        assert_eq!((window.0, window.2), (previous, current), "{window:?}");
        case.assert_same(now.saturating_add(window.1), previous_end, &window);
        case.assert_same(now.saturating_add(window.3), current_end, &window);
        Ok::<(), Failed>(())
    };
    read(0, case.now(), 0, case.now()).await?;
    let start = user.take(3).await?.now();
    let after = |periods| start.saturating_add(times(PERIOD, periods));
    read(0, case.now(), 3, after(2)).await?;
    case.pass_to(start.saturating_add(part(times(PERIOD, 3), 2)))
        .await;
    read(3, after(2), 0, case.now()).await?;
    user.passes(4).await?;
    read(3, after(2), 4, after(3)).await?;
    case.pass_to(after(3)).await;
    let window = storage.get_sliding_window(key, PERIOD, case.now()).await?;
    assert_eq!((window.0, window.2), (0, 0), "{window:?}");
    assert_eq!(
        (window.1, window.3),
        (Micros::ZERO, Micros::ZERO),
        "{window:?}"
    );
    Ok(())
}

async fn the_current_window_becomes_the_previous_one_at_its_end<F>(
    case: Case<F, SlidingCounter>,
) -> Outcome
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let (storage, user) = (case.fixture.storage(), case.user(10));
    let key = user.item.key_for(&user.id);
    let start = user.take(3).await?.now();
    for (periods, before, after) in [(1, [0, 3], [3, 0]), (2, [3, 0], [0, 0])] {
        let end = start.saturating_add(times(PERIOD, periods));
        case.pass_to_just_before(end).await;
        let window = counters(&case, &storage, key).await?;
        assert_eq!(window, before, "before {end:?}");
        case.pass_to(end).await;
        let window = counters(&case, &storage, key).await?;
        assert_eq!(window, after, "at {end:?}");
    }
    Ok(())
}

/// Takes `units` and waits for the end of the window; tells that instant.
async fn fill_and_wait<F>(
    case: &Case<F, SlidingCounter>,
    user: &User<F, SlidingCounter>,
    units: u64,
) -> Result<Timestamp, Failed>
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let end = user.take(units).await?.now().saturating_add(PERIOD);
    case.pass_to(end).await;
    Ok(end)
}

/// The previous counter and the current one.
async fn counters<F>(
    case: &Case<F, SlidingCounter>,
    storage: &F::Storage,
    key: Key<'_>,
) -> Result<[u64; 2], Failed>
where
    F: Fixture<Storage: Keeps<SlidingCounter>>,
{
    let read = storage.get_sliding_window(key, PERIOD, case.now());
    let (previous, _, current, _) = read.await?;
    Ok([previous, current])
}
