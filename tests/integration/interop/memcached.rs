//! Counters in memcached: fixed windows and sliding counters, which both sides have there.

use core::time::Duration;
use std::thread::sleep;
use std::time::SystemTime;

use limits::{Micros, RateLimitItem, StrategyName};
use limits_tests::servers::MemcachedServer;
use serde_json::json;

use super::side::{Side, Window, wall_time};
use super::sides::Sides;
use super::state::PAIRS;
use super::together::{ones, takes_exactly};

/// The client with threads, and the default one with tasks.
const CLIENTS: [&str; 2] = ["sync", "memcachio"];

const STRATEGIES: [StrategyName; 2] = [
    StrategyName::FixedWindow,
    StrategyName::SlidingWindowCounter,
];

/// What sides round, and our clock is off.
const TOLERANCE: Micros = Micros::from_millis(50);

fn window(strategy: StrategyName, amount: u64, identifiers: &'static [&'static str]) -> Window {
    Window {
        strategy,
        item: RateLimitItem::per_minute(amount).with_namespace(strategy.as_str()),
        identifiers,
    }
}

/// Waits for the next minute if this one is nearly over: sliding counters begin with it.
fn has_time_in_this_minute() {
    let now = wall_time(SystemTime::now()).as_micros() / 1_000_000 % 60;
    if now > 40 {
        sleep(Duration::from_secs(61 - now));
    }
}

#[test]
fn all_sides_take_a_limit_exactly() {
    let server = MemcachedServer::start(&[]).expect("memcached starts");
    let sides = Sides::of(&CLIENTS, &server.uri(), &json!({}), "");
    for strategy in STRATEGIES {
        has_time_in_this_minute();
        for (amount, identifiers) in [(5, PAIRS[0]), (20, PAIRS[1]), (200, PAIRS[2])] {
            takes_exactly(
                &sides,
                window(strategy, amount, identifiers),
                ones(amount / 2 + 1),
            );
        }
    }
}

#[test]
fn each_side_reads_and_clears_what_the_other_has_taken() {
    let server = MemcachedServer::start(&[]).expect("memcached starts");
    let sides = Sides::of(&CLIENTS, &server.uri(), &json!({}), "");
    for strategy in STRATEGIES {
        has_time_in_this_minute();
        for ([one, other], identifiers) in sides.pairs().zip(PAIRS) {
            let window = window(strategy, 10, identifiers);
            assert!(one.hit(window, 1), "{one}, {other}: {window:?}");
            assert!(other.hit(window, 4), "{one}, {other}: {window:?}");
            let [own, others] = [one, other].map(|side| side.stats(window));
            assert_eq!(
                (own.remaining, others.remaining),
                (5, 5),
                "{one}, {other}: {window:?}"
            );
            let late = own.reset_time.saturating_since(others.reset_time);
            let early = others.reset_time.saturating_since(own.reset_time);
            assert!(
                late.max(early) <= TOLERANCE,
                "{one}, {other}: {own:?} {others:?}"
            );
            assert!(
                one.hit(window, 5) && !other.test(window, 1),
                "{one}, {other}: {window:?}"
            );
            assert!(!other.hit(window, 1), "{one}, {other}: {window:?}");
        }
    }
}

#[test]
fn what_our_side_clears_is_clear_for_python() {
    let server = MemcachedServer::start(&[]).expect("memcached starts");
    let sides = Sides::of(&CLIENTS, &server.uri(), &json!({}), "");
    for strategy in STRATEGIES {
        has_time_in_this_minute();
        for (python, identifiers) in sides.python.iter().zip(PAIRS) {
            let window = window(strategy, 10, identifiers);
            assert!(python.hit(window, 10), "{python}: {window:?}");
            assert!(!sides.ours.hit(window, 1), "{python}: {window:?}");
            sides.ours.clear(window);
            assert_eq!(python.stats(window).remaining, 10, "{python}: {window:?}");
            assert!(python.hit(window, 10), "{python}: {window:?}");
        }
    }
}

/// On two servers each client of Python has its own idea of where a key is.
#[test]
fn keys_are_placed_as_the_chosen_client_places_them() {
    let servers = [(); 2].map(|()| MemcachedServer::start(&[]).expect("memcached starts"));
    let [first, second] = servers.each_ref().map(MemcachedServer::address);
    let uri = format!("memcached://{first},{second}");
    has_time_in_this_minute();
    for (client, placement) in [("sync", "pymemcache"), ("memcachio", "memcachio")] {
        let own = format!("&placement={placement}");
        let sides = Sides::of(&[client], &uri, &json!({}), &own);
        let users: Vec<String> = (0..40).map(|number| format!("{client}-{number}")).collect();
        for user in &users {
            let identifiers: &'static [&'static str] = vec![&*user.clone().leak()].leak();
            let window = window(StrategyName::FixedWindow, 10, identifiers);
            assert!(sides.ours.hit(window, 4), "{client}: {user}");
            assert_eq!(
                sides.python[0].stats(window).remaining,
                6,
                "{client}: {user}"
            );
        }
    }
}
