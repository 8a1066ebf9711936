//! Counters in etcd: fixed windows, elastic or not, of the last version of Python that has them.

use core::num::NonZeroU32;
use core::time::Duration;
use std::thread::sleep;

use limits::{Micros, RateLimitItem, StrategyName};
use limits_tests::servers::{EtcdCluster, EtcdServer};
use serde_json::json;

use super::side::Window;
use super::sides::Sides;
use super::state::PAIRS;
use super::together::{ones, takes_exactly};

const STRATEGIES: [StrategyName; 2] = [
    StrategyName::FixedWindow,
    StrategyName::FixedWindowElasticExpiry,
];

/// What sides round, and our clock is off.
const TOLERANCE: Micros = Micros::from_millis(50);

fn start(uri: &str) -> Sides {
    // By default it tries five times at once, and then fails.
    Sides::start_with(uri, &json!({"max_retries": 10_000}))
}

fn window(strategy: StrategyName, amount: u64, identifiers: &'static [&'static str]) -> Window {
    Window {
        strategy,
        item: RateLimitItem::per_minute(amount).with_namespace(strategy.as_str()),
        identifiers,
    }
}

#[test]
fn all_sides_take_a_limit_in_etcd_exactly() {
    let server = EtcdServer::start().expect("etcd starts");
    let cluster = EtcdCluster::start().expect("etcd starts");
    // Python takes only one address.
    for uri in [server.uri(), cluster.nodes()[0].uri()] {
        let sides = start(&uri);
        for strategy in STRATEGIES {
            for (amount, identifiers) in [(5, PAIRS[0]), (20, PAIRS[1]), (100, PAIRS[2])] {
                let window = window(strategy, amount, identifiers);
                takes_exactly(&sides, window, ones(amount / 2 + 1));
            }
        }
    }
}

#[test]
fn each_side_reads_and_clears_what_another_wrote_to_etcd() {
    let server = EtcdServer::start().expect("etcd starts");
    let sides = start(&server.uri());
    for strategy in STRATEGIES {
        for ([one, other], identifiers) in sides.pairs().zip(PAIRS) {
            let window = window(strategy, 10, identifiers);
            let said = format!("{one} and {other}: {window:?}");
            assert!(one.hit(window, 3), "{said}");
            assert!(other.hit(window, 4), "{said}");
            let stats = [one.stats(window), other.stats(window)];
            assert_eq!(stats.map(|stats| stats.remaining), [3, 3], "{said}");
            let [own, others] = stats.map(|stats| stats.reset_time.as_micros());
            let apart = Micros::from_micros(own.abs_diff(others));
            assert!(apart <= TOLERANCE, "{said}: {stats:?}");
            assert!(other.test(window, 3) && !other.test(window, 4), "{said}");
            assert!(one.hit(window, 3) && !other.test(window, 1), "{said}");
            other.clear(window);
            assert_eq!(one.stats(window).remaining, 10, "{said}");
        }
    }
}

/// A hit of either side moves the end that the other reads.
#[test]
fn each_side_extends_an_elastic_window_of_another() {
    let server = EtcdServer::start().expect("etcd starts");
    let sides = start(&server.uri());
    let two = NonZeroU32::new(2).expect("it is not 0");
    let item = RateLimitItem::per_second(10).with_multiples(two);
    for ([one, other], identifiers) in sides.pairs().zip(PAIRS) {
        let window = Window {
            strategy: StrategyName::FixedWindowElasticExpiry,
            item,
            identifiers,
        };
        for number in 0..4 {
            let side = if number % 2 == 0 { one } else { other };
            assert!(side.hit(window, 2), "{side} at hit {number} of {window:?}");
            sleep(Duration::from_millis(1_200));
        }
        let stats = [one.stats(window), other.stats(window)];
        let remaining = stats.map(|stats| stats.remaining);
        assert_eq!(remaining, [2, 2], "{one} and {other}: {stats:?}");
        sleep(Duration::from_secs(1));
        assert_eq!(other.stats(window).remaining, 10, "{one} and {other}");
    }
}

#[test]
fn each_side_begins_the_next_window_after_one_of_another() {
    let server = EtcdServer::start().expect("etcd starts");
    let sides = start(&server.uri());
    let item = RateLimitItem::per_second(10);
    for ([one, other], identifiers) in sides.pairs().zip(PAIRS) {
        let strategy = StrategyName::FixedWindow;
        let window = Window {
            strategy,
            item,
            identifiers,
        };
        assert!(one.hit(window, 10), "{one}, {other}");
        sleep(Duration::from_millis(1_050));
        assert!(other.hit(window, 9), "{one}, {other}");
        assert_eq!(one.stats(window).remaining, 1, "{one}, {other}");
    }
}

#[test]
fn each_side_resets_what_others_wrote_to_etcd() {
    let server = EtcdServer::start().expect("etcd starts");
    let sides = start(&server.uri());
    for side in sides.all() {
        for ([one, _], identifiers) in sides.pairs().zip(PAIRS) {
            for strategy in STRATEGIES {
                assert!(one.hit(window(strategy, 10, identifiers), 1), "{one}");
            }
        }
        let keys = STRATEGIES.len() * sides.pairs().zip(PAIRS).count();
        assert_eq!(side.reset(), keys as u64, "{side}");
    }
}
