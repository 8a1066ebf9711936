//! Each script decides, answers and writes what the core's arithmetic does, for
//! any state, at an instant while the server was at it.

mod fixed;
mod gcra;
mod log;
mod moving;
mod negative;
mod periods;
mod settle;
mod several;
mod skewed;
mod sliding;
mod whole;

use core::fmt::Debug;

use limits_core::{Limit, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{
    Config, FileFailurePersistence, TestCaseError, TestCaseResult, TestRunner,
};

use crate::server::Passage;

/// The largest number that scripts count to exactly.
const MOST: u64 = (1 << 53) - 1;

/// The longest period in milliseconds that the storage tells apart from endless.
const LONGEST_MILLIS: u64 = (1 << 52) / 1_000;

/// Tries so many states on one server; what fails is kept in `tests/regressions`.
fn for_all<S: Strategy>(cases: u32, states: &S, test: impl Fn(S::Value) -> TestCaseResult) {
    let kept = FileFailurePersistence::Direct("regressions/redis.txt");
    let config = Config {
        cases,
        failure_persistence: Some(Box::new(kept)),
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(states, test);
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Checks that something holds at one of the instants at which it may have happened.
fn at_one_of<T: Debug>(
    instants: impl IntoIterator<Item = T>,
    check: impl Fn(&T) -> Result<(), String>,
) -> TestCaseResult {
    let mut misses = Vec::new();
    for instant in instants {
        match check(&instant) {
            Ok(()) => return Ok(()),
            Err(miss) => misses.push(format!("at {instant:?}: {miss}")),
        }
    }
    Err(TestCaseError::fail(misses.join("\n")))
}

fn same<T: Debug + PartialEq>(what: &str, seen: &T, expected: &T) -> Result<(), String> {
    if seen == expected {
        return Ok(());
    }
    Err(format!("{what}: {seen:?}, not {expected:?}"))
}

/// An end and the one that is told if the server's clock goes to the next millisecond
/// while a script reads it.
fn told(end: Timestamp) -> [Timestamp; 2] {
    [0, 1_000].map(|late| Timestamp::from_micros(end.as_micros() + late))
}

/// Checks a counter and its end, which may be as late as the call lasted, and told a
/// millisecond later than it is: the server's clock goes on while a script runs.
fn counts(
    what: &str,
    seen: Option<(i64, i64)>,
    expected: (u64, u64),
    passage: Passage,
) -> Result<(), String> {
    let (count, end) = expected;
    let is_expected = seen.is_some_and(|(seen, seen_end)| {
        let ends = end - 1..=end + passage.whole_millis();
        u64::try_from(seen) == Ok(count)
            && u64::try_from(seen_end).is_ok_and(|seen| ends.contains(&seen))
    });
    if is_expected {
        return Ok(());
    }
    Err(format!("{what}: {seen:?}, not {expected:?}"))
}

/// Small numbers, those that doubles barely hold, and all between.
fn numbers() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..8_u64, 1 => MOST - 8..=MOST, 1 => 0..=MOST]
}

/// Periods in milliseconds, all of seconds at least.
fn periods() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 5_000..100_000_u64,
        1 => LONGEST_MILLIS / 2..=LONGEST_MILLIS,
        2 => 5_000..=LONGEST_MILLIS,
    ]
}

/// A part of a span, in thousandths, but not of its last two seconds: those are
/// for the tests of boundaries.
fn part(span: u64, thousandths: u64) -> u64 {
    (span / 1_000 * thousandths).max(2_000)
}

/// An amount of which hardly so much is left that a hit fits, or hardly not; or any other.
#[derive(Clone, Copy, Debug)]
struct Near {
    room: i64,
    other: Option<u64>,
}

impl Near {
    fn to(self, sum: u64) -> u64 {
        self.other.unwrap_or(sum.saturating_add_signed(self.room))
    }
}

fn near() -> impl Strategy<Value = Near> {
    let other = prop_oneof![3 => numbers(), 1 => Just(u64::MAX)];
    let near = (-3..4_i64, proptest::option::weighted(0.2, other));
    near.prop_map(|(room, other)| Near { room, other })
}

/// The limit that is decided on and answered: of as many units as scripts count to.
fn counted(limit: Limit) -> Limit {
    Limit::new(limit.amount().min(MOST), limit.period())
}
