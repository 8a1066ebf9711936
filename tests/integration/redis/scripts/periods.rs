//! Periods that the server's expiries can't tell: of parts of a millisecond, and
//! longer than any.

use limits_core::window::Increment;
use limits_core::{
    Decision, FixedWindowSupport, Limit, Micros, MovingWindowSupport, SlidingWindowCounterSupport,
};

use super::LONGEST_MILLIS;
use crate::server::{HERE, Server, key};

const CURRENT: &str = "LIMITS:{key}";

/// In microseconds.
const PERIODS: [u64; 9] = [
    5_000_001,
    5_000_500,
    5_000_999,
    60_000_000,
    LONGEST_MILLIS * 1_000 - 1,
    LONGEST_MILLIS * 1_000 + 1,
    u64::MAX / 2,
    u64::MAX / 2 + 1,
    u64::MAX,
];

/// Far shorter than any of the periods, and far longer than a test.
const SOON: u64 = 3_000_000;

fn limits() -> impl Iterator<Item = Limit> {
    PERIODS
        .into_iter()
        .map(|period| Limit::new(3, Micros::from_micros(period)))
}

fn assert_full(what: &str, limit: Limit, decision: Decision) {
    assert_eq!(decision.remaining(), 0, "{what} of {limit:?}: {decision:?}");
    let reset = decision.reset_time().saturating_since(HERE).as_micros();
    assert!(reset > SOON, "{what} of {limit:?}: {decision:?}");
    if !decision.allowed() {
        let retry = decision.retry_at().expect("it fits once");
        let retry = retry.saturating_since(HERE).as_micros();
        assert!(retry > SOON, "{what} of {limit:?}: {decision:?}");
    }
}

#[test]
fn a_fixed_window_is_full_for_any_period() {
    let server = Server::start();
    let storage = server.storage();
    for limit in limits() {
        server.forget("LIMITS:key");
        for (cost, allowed) in [(3, true), (1, false)] {
            let increment = Increment {
                amount: cost,
                expiry: limit.period(),
                elastic_expiry: false,
                ceiling: Some(limit.amount()),
            };
            let hit = server.wait(storage.incr(key(), increment, HERE));
            let hit = hit.expect("it counts");
            assert_eq!(hit.applied, allowed, "{limit:?}");
            let decision = Decision::hit(hit.applied, limit, cost, HERE, hit.window);
            assert_full("hit", limit, decision);
        }
        let read = server.wait(storage.get(key(), HERE)).expect("it reads");
        assert_full("test", limit, Decision::test(limit, 1, HERE, read));
    }
}

#[test]
fn a_moving_window_is_full_for_any_period() {
    let server = Server::start();
    let storage = server.storage();
    for limit in limits() {
        server.forget("LIMITS:key");
        for (cost, allowed) in [(3, true), (1, false)] {
            let hit = server.wait(storage.acquire_entry(key(), limit, cost, HERE));
            let hit = hit.expect("it counts");
            assert_eq!(hit.allowed(), allowed, "{limit:?}");
            assert_full("hit", limit, hit);
        }
        let read = server.wait(storage.get_moving_window(key(), limit, 1, HERE));
        let test = Decision::test(limit, 1, HERE, read.expect("it reads"));
        assert!(!test.allowed(), "{test:?}");
        assert_full("test", limit, test);
    }
}

#[test]
fn a_sliding_window_is_full_for_any_period() {
    let server = Server::start();
    let storage = server.storage();
    for limit in limits() {
        server.forget(CURRENT);
        for (cost, allowed) in [(3, true), (1, false)] {
            let hit = storage.acquire_sliding_window_entry(key(), limit, cost, HERE);
            let hit = server.wait(hit).expect("it counts");
            assert_eq!(hit.allowed(), allowed, "{limit:?}");
            assert_full("hit", limit, hit);
        }
        let read = server.wait(storage.get_sliding_window(key(), limit.period(), HERE));
        let test = Decision::test(limit, 1, HERE, read.expect("it reads"));
        assert!(!test.allowed(), "{limit:?}: {test:?}");
        assert_full("test", limit, test);
    }
}

#[test]
fn a_hit_and_a_test_of_a_sliding_window_agree_in_the_second_period() {
    let server = Server::start();
    let storage = server.storage();
    for limit in limits() {
        let millis = limit.period().as_micros().div_ceil(1_000);
        if millis > LONGEST_MILLIS {
            continue;
        }
        // Two thirds of it are 2 units, and as much is left before they are less.
        let left = millis / 3 * 2 + 1_000;
        server.keep_counter(CURRENT, 3, server.now() / 1_000 + left);
        let read = server.wait(storage.get_sliding_window(key(), limit.period(), HERE));
        let read = read.expect("it reads");
        for cost in [2, 1] {
            let test = Decision::test(limit, cost, HERE, read);
            let hit = storage.acquire_sliding_window_entry(key(), limit, cost, HERE);
            let hit = server.wait(hit).expect("it counts");
            assert_eq!(hit.allowed(), cost == 1, "{limit:?}: {hit:?}");
            assert_eq!(test.allowed(), cost == 1, "{limit:?}: {test:?}");
        }
    }
}
