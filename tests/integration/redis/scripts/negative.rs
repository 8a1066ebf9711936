//! States that the core has none for: counters below zero, as Python's negative
//! costs leave them, and two counters of a sliding window that end apart.

use limits_core::window::Increment;
use limits_core::{FixedWindowSupport, Limit, Micros, SlidingWindowCounterSupport};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{MOST, at_one_of, counts, for_all, numbers, part, periods, same};
use crate::server::{HERE, Server, Told, key};

const FIXED: &str = "LIMITS:key";
const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";

#[test]
fn a_counter_below_zero_leaves_so_much_more_room() {
    let server = Server::start();
    let cases = (-20..0_i64, 1..40_u64, 0..20_u64, any::<bool>());
    for_all(200, &cases, |(count, amount, ceiling, elastic_expiry)| {
        let end = server.now() / 1_000 + 20_000;
        server.keep_counter(FIXED, count, end);
        let increment = Increment {
            amount,
            expiry: Micros::from_secs(30),
            elastic_expiry,
            ceiling: Some(ceiling),
        };
        let next = count.checked_add_unsigned(amount).expect("it is small");
        let fits = next <= i64::try_from(ceiling).expect("it is small");
        let seen = server.wait(server.storage().incr(key(), increment, HERE));
        let seen = seen.expect("it counts");
        prop_assert_eq!(seen.applied, fits);
        let expected = if fits { next } else { count };
        prop_assert_eq!(
            seen.window.count(HERE),
            u64::try_from(expected).unwrap_or(0)
        );
        let kept = server.counter(FIXED);
        prop_assert_eq!(kept.map(|(count, _)| count), Some(expected));
        let read = server.wait(server.storage().get(key(), HERE));
        let read = read.expect("it reads");
        prop_assert_eq!(read.count(HERE), u64::try_from(expected).unwrap_or(0));
        Ok(())
    });
}

#[test]
fn counters_that_end_apart_are_weighed_each_by_its_own_time() {
    let server = Server::start();
    for_all(600, &apart(), |case| acquire(&server, &case));
}

#[derive(Clone, Debug)]
struct Apart {
    period: u64,
    /// Counters and for how many milliseconds more they are kept.
    previous: Option<(i64, u64)>,
    current: Option<(i64, u64)>,
    room: i64,
    cost: u64,
}

fn apart() -> impl Strategy<Value = Apart> {
    let count = || {
        let number = numbers().prop_map(|number| i64::try_from(number).expect("it fits"));
        prop_oneof![3 => number, 1 => -20..0_i64]
    };
    let counter = || proptest::option::weighted(0.8, (count(), 0..2_500_u64));
    let case = (periods(), counter(), counter(), -3..4_i64, numbers());
    case.prop_map(|(period, previous, current, room, cost)| {
        // Doubles are not exact below zero, but where it takes no 50,000 years.
        let is_negative = [previous, current]
            .iter()
            .flatten()
            .any(|(count, _)| *count < 0);
        let period = if is_negative {
            5_000 + period % 100_000
        } else {
            period
        };
        let kept = |(count, share)| (count, part(period, share));
        Apart {
            period,
            previous: previous.map(kept),
            current: current.map(kept),
            room,
            cost,
        }
    })
}

impl Apart {
    /// The units that count when so many milliseconds have passed.
    fn used(&self, passed: u64) -> i128 {
        let (current, left) = self.current.unwrap_or((0, 0));
        let (current, left) = (i128::from(current), left.saturating_sub(passed));
        if (1..=self.period).contains(&left) {
            return self.weight(current, left);
        }
        let (previous, left) = self.previous.unwrap_or((0, 0));
        self.weight(previous.into(), left.saturating_sub(passed)) + current
    }

    fn weight(&self, count: i128, left: u64) -> i128 {
        let (left, period) = (i128::from(left), i128::from(self.period));
        (count * left.min(period)).div_euclid(period)
    }
}

fn acquire(server: &Server, case: &Apart) -> TestCaseResult {
    let begin = server.now() / 1_000;
    for (name, counter) in [(CURRENT, case.current), (PREVIOUS, case.previous)] {
        server.forget(name);
        if let Some((count, left)) = counter {
            server.keep_counter(name, count, begin + left);
        }
    }
    let near = case.used(0) + i128::from(case.cost) + i128::from(case.room);
    let amount = u64::try_from(near.max(0))
        .expect("it is not above 2^55")
        .min(MOST);
    let limit = Limit::new(amount, Micros::from_millis(case.period));
    let entries = || [CURRENT, PREVIOUS].map(|name| server.entry(name));
    let before = entries();
    let storage = server.storage();
    let call = storage.acquire_sliding_window_entry(key(), limit, case.cost, HERE);
    let (seen, passage) = server.timed(call);
    let seen = Told::from(seen.expect("it counts"));
    let after = entries();
    at_one_of(passage.millis(), |millis| {
        let used = case.used(millis - begin);
        let fits = used + i128::from(case.cost) <= i128::from(amount);
        same("allowed", &seen.allowed, &fits)?;
        if !fits || case.cost == 0 {
            return same("kept", &after, &before);
        }
        let (count, left) = case.current.unwrap_or((0, 0));
        let (sum, end) = match left.saturating_sub(millis - begin) {
            0 => (case.cost, millis + 2 * case.period),
            left if left <= case.period => (case.cost, millis + left + case.period),
            left => match case.cost.checked_add_signed(count) {
                Some(sum) => (sum, millis + left),
                None => return Ok(()),
            },
        };
        counts("current", server.counter(CURRENT), (sum, end), passage)
    })
}
