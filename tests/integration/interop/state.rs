//! What one side reads of the hits of the other.

use core::time::Duration;
use std::thread;
use std::time::Instant;

use limits::{Micros, RateLimitItem, StrategyName};
use limits_tests::servers::RedisServer;

use super::side::{STRATEGIES, Side, Stats, Window};
use super::sides::Sides;

/// What sides round, and our clock is off.
const TOLERANCE: Micros = Micros::from_millis(20);
/// Python reads the end of a fixed window in whole seconds, rounded.
const TOLERANCE_OF_SECONDS: Micros = Micros::from_millis(520);
/// Whom the windows of each pair of sides are for.
pub(super) const PAIRS: [&[&str]; 6] = [&["1"], &["2"], &["3"], &["4"], &["5"], &["6"]];

#[test]
fn each_side_reads_what_the_other_has_taken() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for strategy in STRATEGIES {
        for (pair, identifiers) in sides.pairs().zip(PAIRS) {
            let window = window(strategy, identifiers);
            let [one, other] = pair;
            assert_eq!(read(pair, window), 10, "{one}, {other}: {window:?}");
            for (cost, remaining) in [(1, 9), (4, 5), (2, 3)] {
                assert!(one.hit(window, cost), "{one}, {other}: {window:?}");
                assert_eq!(read(pair, window), remaining, "{one}, {other}: {window:?}");
            }
            assert!(other.hit(window, 3), "{one}, {other}: {window:?}");
            assert_eq!(read(pair, window), 0, "{one}, {other}: {window:?}");
            assert!(!one.hit(window, 1), "{one}, {other}: {window:?}");
            assert_eq!(read(pair, window), 0, "{one}, {other}: {window:?}");
        }
    }
}

/// Python's counts what it refuses, ours does not.
#[test]
fn each_side_reads_what_the_other_has_refused_of_a_fixed_window() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for (python, identifiers) in sides.python.iter().zip(PAIRS) {
        let window = window(StrategyName::FixedWindow, identifiers);
        let pair: [&dyn Side; 2] = [&sides.ours, python];
        assert!(sides.ours.hit(window, 6), "{python}");
        assert!(!sides.ours.hit(window, 5), "{python}");
        assert_eq!(read(pair, window), 4, "{python}");
        assert!(!python.hit(window, 5), "{python}");
        assert_eq!(read(pair, window), 0, "{python}");
        assert!(!sides.ours.hit(window, 1), "{python}");
        assert!(!sides.ours.test(window, 0), "{python}");
        assert!(!python.test(window, 0), "{python}");
    }
}

#[test]
fn each_side_reads_how_the_previous_window_of_the_other_decays() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for (pair, identifiers) in sides.pairs().zip(PAIRS) {
        let window = window(StrategyName::SlidingWindowCounter, identifiers);
        let [one, other] = pair;
        assert!(one.hit(window, 2), "{one}, {other}: {window:?}");
        // A quarter into the next window, so one and a half of the units count.
        let key = sliding_counter(window);
        let set = server.cli(&["PEXPIRE", &key, "45000"]);
        assert_eq!(set.expect("Redis answers"), "1", "{key}");
        assert_eq!(read(pair, window), 9, "{one}, {other}: {window:?}");
        assert!(other.hit(window, 3), "{one}, {other}: {window:?}");
        assert_eq!(read(pair, window), 6, "{one}, {other}: {window:?}");
    }
}

#[test]
fn each_side_clears_what_the_other_has_taken() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for strategy in STRATEGIES {
        for (pair, identifiers) in sides.pairs().zip(PAIRS) {
            let (window, [one, other]) = (window(strategy, identifiers), pair);
            assert!(one.hit(window, 10), "{one}, {other}: {window:?}");
            assert!(!other.hit(window, 1), "{one}, {other}: {window:?}");
            other.clear(window);
            let keys = server.cli(&["KEYS", "*"]).expect("Redis answers");
            assert_eq!(keys, "", "{one}, {other}: {window:?}");
            assert_eq!(read(pair, window), 10, "{one}, {other}: {window:?}");
            assert!(one.hit(window, 10), "{one}, {other}: {window:?}");
            one.clear(window);
        }
    }
}

#[test]
fn each_side_resets_what_the_other_has_taken() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    let stranger = server.cli(&["SET", "LIMITSX", "1"]);
    stranger.expect("Redis answers");
    for [one, other] in sides.pairs() {
        for strategy in STRATEGIES {
            for identifiers in PAIRS {
                // A fixed and a moving window share their names.
                let item = RateLimitItem::per_hour(5).with_namespace(strategy.as_str());
                let window = Window {
                    item,
                    ..window(strategy, identifiers)
                };
                assert!(one.hit(window, 1), "{one}, {other}: {window:?}");
            }
        }
        assert_eq!(other.reset(), 18, "{one}, {other}");
        let keys = server.cli(&["KEYS", "*"]).expect("Redis answers");
        assert_eq!(keys, "LIMITSX", "{one}, {other}");
        assert_eq!(one.reset(), 0, "{one}, {other}");
    }
}

/// A window of 10 units per minute, apart from those of other strategies.
pub(super) fn window(strategy: StrategyName, identifiers: &'static [&'static str]) -> Window {
    Window {
        strategy,
        item: RateLimitItem::per_minute(10).with_namespace(strategy.as_str()),
        identifiers,
    }
}

/// The name of the counter of the current window.
pub(super) fn sliding_counter(window: Window) -> String {
    format!("LIMITS:{{{}}}", window.item.key_for(window.identifiers))
}

/// Reads what remains, on which the sides must agree.
pub(super) fn read(pair: [&dyn Side; 2], window: Window) -> u64 {
    if window.strategy == StrategyName::SlidingWindowCounter {
        // In its first millisecond a window ends at once, says Python.
        thread::sleep(Duration::from_millis(2));
    }
    let begin = Instant::now();
    let stats = pair.map(|side| side.stats(window));
    let took = begin.elapsed();
    let [one, other] = pair;
    let said = format!("{one}, {other}: {stats:?} of {window:?} in {took:?}");
    let remaining = stats[0].remaining;
    assert_eq!(stats[1].remaining, remaining, "{said}");
    assert!(resets_agree(stats, took.into(), window), "{said}");
    let fits = |cost| pair.map(|side| side.test(window, cost));
    assert_eq!(fits(remaining + 1), [false; 2], "{said}");
    let [one_fits, other_fits] = fits(remaining);
    assert_eq!(one_fits, other_fits, "{said}");
    // Not even a cost of 0 fits into what holds more than its limit.
    assert!(one_fits || remaining == 0, "{said}");
    remaining
}

/// Claims that two readings, which took some time, tell about the same end.
fn resets_agree([one, other]: [Stats; 2], took: Micros, window: Window) -> bool {
    let tolerance = match window.strategy {
        StrategyName::FixedWindow => TOLERANCE_OF_SECONDS,
        // Untouched, it resets a period later, says Python.
        StrategyName::MovingWindow if one.remaining == window.item.amount() => return true,
        _ => TOLERANCE,
    };
    let (one, other) = (one.reset_time, other.reset_time);
    // Sides add what is left to their own time, before or after.
    let (earliest, latest) = (one.min(other), one.max(other));
    latest <= earliest.saturating_add(took).saturating_add(tolerance)
}
