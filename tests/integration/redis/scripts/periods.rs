//! Periods that the server's clock can't tell: of parts of a millisecond, and longer
//! than any.

use limits::redis::Scripted;
use limits_core::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};
use limits_core::{Decision, Limit, Micros};

use super::LONGEST_MILLIS;
use crate::server::Server;

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

/// Far shorter than a third of any of the periods, and far longer than a test.
const SOON: u128 = 1_500_000;

fn limits() -> impl Iterator<Item = Limit> {
    PERIODS
        .into_iter()
        .map(|period| Limit::new(3, Micros::from_micros(period)))
}

fn assert_full(what: &str, limit: Limit, decision: Decision) {
    assert_eq!(decision.remaining(), 0, "{what} of {limit:?}: {decision:?}");
    let reset = decision.reset_after().as_micros();
    assert!(reset > SOON, "{what} of {limit:?}: {decision:?}");
    if !decision.allowed() {
        let retry = decision.retry_after().expect("it fits once").as_micros();
        assert!(retry > SOON, "{what} of {limit:?}: {decision:?}");
    }
}

fn assert_fills<K: Scripted>(server: &Server, kind: K) {
    for limit in limits() {
        let () = server.ask(&["FLUSHALL"]);
        for (cost, allowed) in [(3, true), (1, false)] {
            let hit = server.hit(kind, limit, cost);
            assert_eq!(hit.allowed(), allowed, "{limit:?}: {hit:?}");
            assert_full("hit", limit, hit);
        }
        let test = server.test(kind, limit, 1);
        assert!(!test.allowed(), "{limit:?}: {test:?}");
        assert_full("test", limit, test);
    }
}

#[test]
fn a_window_is_full_for_any_period() {
    let server = Server::start();
    assert_fills(&server, Fixed);
    assert_fills(&server, Elastic);
    assert_fills(&server, Moving);
    assert_fills(&server, SlidingCounter);
    assert_fills(&server, Gcra);
}

#[test]
fn a_hit_and_a_test_of_a_sliding_window_agree_in_the_second_period() {
    let server = Server::start();
    for limit in limits() {
        let millis = limit.period().as_micros().div_ceil(1_000);
        if millis > LONGEST_MILLIS {
            continue;
        }
        // Two thirds of it are 2 units, and as much is left before they are less.
        let left = millis / 3 * 2 + 1_000;
        server.keep_counter(CURRENT, 3, server.now() / 1_000 + left);
        for cost in [2, 1] {
            let test = server.test(SlidingCounter, limit, cost);
            let hit = server.hit(SlidingCounter, limit, cost);
            assert_eq!(hit.allowed(), cost == 1, "{limit:?}: {hit:?}");
            assert_eq!(test.allowed(), cost == 1, "{limit:?}: {test:?}");
        }
    }
}
