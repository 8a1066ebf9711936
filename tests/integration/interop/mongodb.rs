//! The same on documents in MongoDB.

use limits::{RateLimitItem, StrategyName};
use limits_tests::servers::{MongoDbOptions, MongoDbServer};

use super::side::{STRATEGIES, Window};
use super::sides::Sides;
use super::state::PAIRS;
use super::together::{mixed, ones, takes_exactly};

fn window(strategy: StrategyName, amount: u64, identifiers: &'static [&'static str]) -> Window {
    Window {
        strategy,
        item: RateLimitItem::per_minute(amount).with_namespace(strategy.as_str()),
        identifiers,
    }
}

#[test]
fn all_sides_take_a_limit_in_mongodb_exactly() {
    let server = MongoDbServer::start().expect("MongoDB starts");
    let replica_set = MongoDbOptions::new().as_replica_set().start();
    let replica_set = replica_set.expect("MongoDB starts");
    for uri in [
        server.uri(),
        format!("mongodb://127.0.0.1:{}/", replica_set.port()),
    ] {
        let sides = Sides::start(&uri);
        for strategy in STRATEGIES {
            for identifiers in PAIRS {
                takes_exactly(&sides, window(strategy, 20, identifiers), ones(11));
            }
        }
        for strategy in [
            StrategyName::MovingWindow,
            StrategyName::SlidingWindowCounter,
        ] {
            let costs = [mixed(), mixed(), ones(40)].concat();
            takes_exactly(&sides, window(strategy, 1_000, &["mixed"]), costs);
        }
    }
}

#[test]
fn each_side_reads_what_another_wrote_to_mongodb() {
    let server = MongoDbServer::start().expect("MongoDB starts");
    let sides = Sides::start(&server.uri());
    for strategy in STRATEGIES {
        for ([one, other], identifiers) in sides.pairs().zip(PAIRS) {
            let window = window(strategy, 10, identifiers);
            let said = format!("{one} and {other}: {window:?}");
            assert!(one.hit(window, 3), "{said}");
            assert!(other.hit(window, 4), "{said}");
            let stats = [one.stats(window), other.stats(window)];
            assert_eq!(stats.map(|stats| stats.remaining), [3, 3], "{said}");
            let [own, others] = stats.map(|stats| stats.reset_time.as_micros());
            assert!(
                strategy == StrategyName::SlidingWindowCounter || own.abs_diff(others) < 100_000,
                "{said}: {stats:?}"
            );
            assert!(other.test(window, 3) && !other.test(window, 4), "{said}");
            other.clear(window);
            assert_eq!(one.stats(window).remaining, 10, "{said}");
        }
    }
}

#[test]
fn each_side_resets_what_others_wrote_to_mongodb() {
    let server = MongoDbServer::start().expect("MongoDB starts");
    let sides = Sides::start(&server.uri());
    for side in sides.all() {
        for ([one, _], identifiers) in sides.pairs().zip(PAIRS) {
            for strategy in STRATEGIES {
                assert!(one.hit(window(strategy, 10, identifiers), 1), "{one}");
            }
        }
        let documents = 3 * sides.pairs().zip(PAIRS).count();
        assert_eq!(side.reset(), documents as u64, "{side}");
    }
}
