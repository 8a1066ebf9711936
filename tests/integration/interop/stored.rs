//! What each side stores.

use core::ops::RangeInclusive;
use std::time::SystemTime;

use limits::{Micros, StrategyName, Timestamp};
use limits_tests::servers::RedisServer;

use super::side::{Side, wall_time};
use super::sides::Sides;
use super::state::{PAIRS, read, sliding_counter, window};

/// What of a minute is left to a key that has just got it, in milliseconds.
const A_MINUTE: RangeInclusive<i64> = 55_000..=60_000;
const TWO_MINUTES: RangeInclusive<i64> = 115_000..=120_000;
/// Some of Python's instants have only five decimal places, rounded.
const ROUNDING: Micros = Micros::from_millis(1);

#[test]
fn a_fixed_window_is_a_counter_that_expires_at_its_end() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for (side, identifiers) in sides.all().zip(PAIRS) {
        let window = window(StrategyName::FixedWindow, identifiers);
        let key = format!("LIMITS:fixed-window/{}/10/1/minute", identifiers[0]);
        assert!(side.hit(window, 1) && side.hit(window, 2), "{side}");
        assert_eq!(ask(&server, &["TYPE", &key]), "string", "{side}");
        assert_eq!(ask(&server, &["GET", &key]), "3", "{side}");
        expires(&server, &key, A_MINUTE, side);
        ask(&server, &["PEXPIRE", &key, "30000"]);
        assert!(side.hit(window, 4), "{side}");
        expires(&server, &key, 25_000..=30_000, side);
    }
    assert_eq!(ask(&server, &["DBSIZE"]), "4");
}

#[test]
fn a_moving_window_is_a_list_of_instants_newest_first() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for (side, identifiers) in sides.all().zip(PAIRS) {
        let window = window(StrategyName::MovingWindow, identifiers);
        let key = format!("LIMITS:moving-window/{}/10/1/minute", identifiers[0]);
        let begin = wall_time(SystemTime::now());
        assert!(
            side.hit(window, 1) && side.hit(window, 2) && side.hit(window, 4),
            "{side}"
        );
        let end = wall_time(SystemTime::now());
        assert_eq!(ask(&server, &["TYPE", &key]), "list", "{side}");
        let entries = ask(&server, &["LRANGE", &key, "0", "-1"]);
        let instants: Vec<Timestamp> = entries.lines().map(instant).collect();
        assert_eq!(instants.len(), 7, "{side}: {entries}");
        assert!(
            instants.is_sorted_by(|one, next| one >= next),
            "{side}: {entries}"
        );
        let distinct = |range: &[Timestamp]| range.iter().all(|instant| *instant == range[0]);
        assert!(
            distinct(&instants[..4]) && distinct(&instants[4..6]),
            "{side}: {entries}"
        );
        let (begin, end) = (begin.saturating_sub(ROUNDING), end.saturating_add(ROUNDING));
        let between = |instant: &Timestamp| (begin..=end).contains(instant);
        assert!(
            instants.iter().all(between),
            "{side}: {entries} not in {begin:?}..={end:?}"
        );
        expires(&server, &key, A_MINUTE, side);
    }
    assert_eq!(ask(&server, &["DBSIZE"]), "4");
}

#[test]
fn a_moving_window_expires_a_period_after_the_last_admitted_hit() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for (side, identifiers) in sides.all().zip(PAIRS) {
        let window = window(StrategyName::MovingWindow, identifiers);
        let key = format!("LIMITS:moving-window/{}/10/1/minute", identifiers[0]);
        assert!(side.hit(window, 9), "{side}");
        ask(&server, &["PEXPIRE", &key, "30000"]);
        assert!(side.hit(window, 1), "{side}");
        expires(&server, &key, A_MINUTE, side);
        ask(&server, &["PEXPIRE", &key, "30000"]);
        assert!(!side.hit(window, 1), "{side}");
        expires(&server, &key, 25_000..=30_000, side);
    }
}

#[test]
fn a_sliding_counter_expires_at_the_end_of_the_next_window() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for (side, identifiers) in sides.all().zip(PAIRS) {
        let window = window(StrategyName::SlidingWindowCounter, identifiers);
        let key = format!(
            "LIMITS:{{sliding-window-counter/{}/10/1/minute}}",
            identifiers[0]
        );
        assert!(side.hit(window, 1) && side.hit(window, 2), "{side}");
        assert_eq!(ask(&server, &["TYPE", &key]), "string", "{side}");
        assert_eq!(ask(&server, &["GET", &key]), "3", "{side}");
        expires(&server, &key, TWO_MINUTES, side);
        ask(&server, &["PEXPIRE", &key, "90000"]);
        assert!(side.hit(window, 4), "{side}");
        expires(&server, &key, 85_000..=90_000, side);
    }
    assert_eq!(ask(&server, &["DBSIZE"]), "4");
}

#[test]
fn a_sliding_counter_becomes_the_previous_one() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for ([one, side], identifiers) in sides.pairs().zip(PAIRS) {
        let window = window(StrategyName::SlidingWindowCounter, identifiers);
        let current = sliding_counter(window);
        let previous = format!("{current}/-1");
        assert!(one.hit(window, 3), "{one}");
        // A quarter into the next window.
        ask(&server, &["PEXPIRE", &current, "45000"]);
        assert!(side.hit(window, 5), "{side}");
        assert_eq!(ask(&server, &["GET", &current]), "5", "{side}");
        assert_eq!(ask(&server, &["GET", &previous]), "3", "{side}");
        expires(&server, &current, 100_000..=105_000, side);
        expires(&server, &previous, 40_000..=45_000, side);
    }
    assert_eq!(ask(&server, &["DBSIZE"]), "12");
}

/// What coredis leaves behind when it ends between two of its commands.
#[test]
fn a_counter_without_expiry_gets_one_from_our_side() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    let window = window(StrategyName::FixedWindow, &["orphan"]);
    let key = "LIMITS:fixed-window/orphan/10/1/minute";
    let ours: &dyn Side = &sides.ours;
    for python in &sides.python {
        for (count, fits) in [("7", true), ("10", false)] {
            ask(&server, &["SET", key, count]);
            assert_eq!(ours.hit(window, 1), fits, "{count} units");
            expires(&server, key, A_MINUTE, ours);
            ask(&server, &["SET", key, count]);
            assert_eq!(ours.test(window, 1), fits, "{count} units");
            expires(&server, key, A_MINUTE, ours);
            read([ours, python], window);
        }
        python.clear(window);
        assert!(python.hit(window, 1), "{python}");
        ask(&server, &["PERSIST", key]);
        assert_eq!(ours.stats(window).remaining, 9, "{python}");
        expires(&server, key, A_MINUTE, ours);
    }
}

fn ask(server: &RedisServer, arguments: &[&str]) -> String {
    server.cli(arguments).expect("Redis answers")
}

fn expires(server: &RedisServer, key: &str, in_millis: RangeInclusive<i64>, side: &dyn Side) {
    let left: i64 = ask(server, &["PTTL", key]).parse().expect("a number");
    assert!(
        in_millis.contains(&left),
        "{side}: {key} expires in {left} ms"
    );
}

/// Reads an entry in decimal seconds.
fn instant(entry: &str) -> Timestamp {
    let (seconds, fraction) = entry.split_once('.').unwrap_or((entry, "0"));
    let micros = format!("{seconds}{fraction:0<6.6}");
    let is_decimal = entry
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    assert!(is_decimal && !fraction.is_empty(), "not a decimal: {entry}");
    Timestamp::from_micros(micros.parse().expect("these are digits"))
}
