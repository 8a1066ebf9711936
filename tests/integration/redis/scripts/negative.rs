//! States that the core has none for: counters below zero, as Python's negative
//! costs leave them, and two counters of a sliding window that end apart.

use limits_core::window::{Elastic, Fixed, SlidingCounter};
use limits_core::{Limit, Micros};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{MOST, at_one_of, counts, for_all, numbers, part, periods, same};
use crate::server::Server;

const FIXED: &str = "LIMITS:key";
const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";

#[test]
fn a_counter_below_zero_leaves_so_much_more_room() {
    let server = Server::start();
    let cases = (-20..0_i64, 1..40_u64, 0..20_u64, any::<bool>());
    for_all(200, &cases, |(count, amount, ceiling, is_elastic)| {
        let end = server.now() / 1_000 + 20_000;
        server.keep_counter(FIXED, count, end);
        let limit = Limit::new(ceiling, Micros::from_secs(30));
        let next = count.checked_add_unsigned(amount).expect("it is small");
        let fits = next <= i64::try_from(ceiling).expect("it is small");
        let seen = if is_elastic {
            server.hit(Elastic, limit, amount)
        } else {
            server.hit(Fixed, limit, amount)
        };
        prop_assert_eq!(seen.allowed(), fits);
        let expected = if fits { next } else { count };
        let remaining = ceiling.saturating_sub(u64::try_from(expected).unwrap_or(0));
        prop_assert_eq!(seen.remaining(), remaining);
        let kept = server.counter(FIXED);
        prop_assert_eq!(kept.map(|(count, _)| count), Some(expected));
        prop_assert_eq!(server.test(Fixed, limit, amount).remaining(), remaining);
        Ok(())
    });
}

#[test]
fn counters_that_end_apart_are_weighed_by_the_end_of_the_current_window() {
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

/// What counts at an instant, in microseconds: the previous counter and the current one,
/// and the millisecond at which the next window is over, which tells both ends.
type Standing = (i128, i128, Option<u64>);

impl Apart {
    fn standing(&self, begin: u64, micros: u64) -> Standing {
        let now = micros / 1_000;
        let kept = |counter: Option<(i64, u64)>| {
            let (count, left) = counter.unwrap_or((0, 0));
            let is_over = begin + left <= now;
            (if is_over { 0 } else { i128::from(count) }, begin + left)
        };
        let ((current, end), (previous, previous_end)) = (kept(self.current), kept(self.previous));
        let furthest = now + 2 * self.period;
        if current != 0 && end <= now + self.period {
            (current, 0, Some(end + self.period))
        } else if end > now + self.period && (previous, current) != (0, 0) {
            (previous, current, Some(end.min(furthest)))
        } else if previous != 0 {
            (
                previous,
                0,
                Some((previous_end + self.period).min(furthest)),
            )
        } else {
            (0, 0, None)
        }
    }

    fn used(&self, (previous, current, end): Standing, micros: u64) -> i128 {
        let left = end.map_or(0, |end| (end - self.period) * 1_000 - micros);
        let period = i128::from(self.period * 1_000);
        (previous * i128::from(left)).div_euclid(period) + current
    }

    fn limit(&self, begin: u64) -> Limit {
        let used = self.used(self.standing(begin, begin * 1_000), begin * 1_000);
        let near = used + i128::from(self.cost) + i128::from(self.room);
        let amount = u64::try_from(near.max(0)).expect("it is not above 2^55");
        let amount = amount.min(MOST).max(self.cost);
        Limit::new(amount, Micros::from_millis(self.period))
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
    let limit = case.limit(begin);
    let (seen, passage) = server.timed(|| server.hit(SlidingCounter, limit, case.cost));
    let kept = server.counter(CURRENT);
    let instants = passage.before..=passage.after;
    // An end is told late if the clock goes to the next millisecond while a script reads it.
    let readings = instants.flat_map(|micros| [(micros, 0), (micros, 1)]);
    at_one_of(readings, |(micros, late)| {
        let (previous, current, end) = case.standing(begin, *micros);
        let standing = (previous, current, end.map(|end| end + late));
        let used = case.used(standing, *micros);
        let fits = used + i128::from(case.cost) <= i128::from(limit.amount());
        same("allowed", &seen.allowed(), &fits)?;
        let sum = u64::try_from(current + i128::from(case.cost));
        let (true, Ok(sum)) = (fits && case.cost > 0, sum) else {
            return Ok(());
        };
        let end = end.unwrap_or(micros / 1_000 + 2 * case.period);
        counts("current", kept, (sum, end), passage)
    })
}
