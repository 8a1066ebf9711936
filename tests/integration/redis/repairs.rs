//! Keys that lost their expiry: Python's asynchronous client leaves them when it is
//! interrupted, and would refuse everybody for ever.

use core::ops::RangeInclusive;

use limits::{
    FixedWindowElasticExpiryRateLimiter, FixedWindowRateLimiter, MovingWindowRateLimiter,
    SlidingWindowCounterRateLimiter,
};
use limits_core::{Decision, FixedWindowSupport, Key, RateLimitItem, Timestamp};

use crate::server::{HERE, Server};

const ITEM: RateLimitItem<'_> = RateLimitItem::per_minute(5);
const COUNTER: &str = "LIMITS:LIMITER/u/5/1/minute";
const CURRENT: &str = "LIMITS:{LIMITER/u/5/1/minute}";
const PREVIOUS: &str = "LIMITS:{LIMITER/u/5/1/minute}/-1";

/// A minute in milliseconds, and what may have passed of it.
const MINUTE: RangeInclusive<i64> = 55_000..=60_000;
const TWO_MINUTES: RangeInclusive<i64> = 115_000..=120_000;

fn set(server: &Server, name: &str, count: &str) {
    let () = server.ask(&["SET", name, count]);
}

fn left(server: &Server, name: &str) -> i64 {
    server.ask(&["PTTL", name])
}

fn assert_counter(server: &Server, name: &str, count: i64, expiry: &RangeInclusive<i64>) {
    assert_eq!(server.counter(name).map(|(count, _)| count), Some(count));
    let left = left(server, name);
    assert!(expiry.contains(&left), "{name} expires in {left} ms");
}

fn assert_ends_in_a_minute(decision: Decision) {
    let left = i64::try_from(decision.reset_after().as_millis()).expect("it is soon");
    assert!(MINUTE.contains(&left), "{decision:?}");
}

#[test]
fn a_hit_lets_a_counter_expire_whether_it_passes_or_not() {
    let server = Server::start();
    let limiter = FixedWindowRateLimiter::new(server.storage_with(""));
    let elastic = FixedWindowElasticExpiryRateLimiter::new(server.storage_with(""));
    for (count, cost, allowed, after) in [
        ("2", 1, true, 3),
        ("2", 0, true, 2),
        ("5", 0, true, 5),
        ("5", 1, false, 5),
        ("6", 0, false, 6),
        ("0", 1, true, 1),
        ("-2", 1, true, -1),
    ] {
        let hits = [&|| server.wait(limiter.hit(&ITEM, "u", cost)), &|| {
            server.wait(elastic.hit(&ITEM, "u", cost)) as Result<Decision, _>
        }] as [&dyn Fn() -> Result<Decision, limits::StorageError>; 2];
        for hit in hits {
            set(&server, COUNTER, count);
            let hit = hit().expect("it decides");
            assert_eq!(hit.allowed(), allowed, "{count}: {hit:?}");
            if after > 0 {
                assert_ends_in_a_minute(hit);
            }
            assert_counter(&server, COUNTER, after, &MINUTE);
        }
    }
}

#[test]
fn a_question_lets_a_counter_expire() {
    let server = Server::start();
    let limiter = FixedWindowRateLimiter::new(server.storage_with(""));
    set(&server, COUNTER, "5");
    let test = server.wait(limiter.test(&ITEM, "u", 1)).expect("it reads");
    assert!(!test.allowed(), "{test:?}");
    assert_ends_in_a_minute(test);
    assert_counter(&server, COUNTER, 5, &MINUTE);
    set(&server, COUNTER, "4");
    let stats = server.wait(limiter.get_window_stats(&ITEM, "u"));
    let stats = stats.expect("it reads");
    assert_eq!(stats.remaining, 1, "{stats:?}");
    assert!(stats.reset_after().as_millis() > 55_000, "{stats:?}");
    assert_counter(&server, COUNTER, 4, &MINUTE);
}

#[test]
fn a_counter_of_no_known_period_never_ends() {
    let server = Server::start();
    set(&server, "LIMITS:text", "3");
    let read = server.storage().get(Key::from("text"), HERE);
    let read = server.wait(read).expect("it reads");
    assert_eq!(read, 3);
    let expiry = server.storage().get_expiry(Key::from("text"), HERE);
    let expiry = server.wait(expiry).expect("it reads");
    assert_eq!(expiry, Timestamp::from_micros(u64::MAX));
    assert_counter(&server, "LIMITS:text", 3, &(-1..=-1));
}

#[test]
fn the_current_counter_of_a_sliding_window_is_let_expire_in_two_periods() {
    let server = Server::start();
    let limiter = SlidingWindowCounterRateLimiter::new(server.storage_with(""));
    for (count, cost, allowed, after) in [
        ("2", 1, true, 3),
        ("2", 0, true, 2),
        ("5", 1, false, 5),
        ("6", 0, false, 6),
    ] {
        set(&server, CURRENT, count);
        let hit = server
            .wait(limiter.hit(&ITEM, "u", cost))
            .expect("it decides");
        assert_eq!(hit.allowed(), allowed, "{count}: {hit:?}");
        assert_counter(&server, CURRENT, after, &TWO_MINUTES);
        set(&server, CURRENT, count);
        let test = server
            .wait(limiter.test(&ITEM, "u", cost))
            .expect("it reads");
        assert_eq!(test.allowed(), allowed, "{count}: {test:?}");
        let after: i64 = count.parse().expect("it is a number");
        assert_counter(&server, CURRENT, after, &TWO_MINUTES);
    }
}

#[test]
fn the_previous_counter_of_a_sliding_window_is_let_expire_with_the_current_window() {
    let server = Server::start();
    let limiter = SlidingWindowCounterRateLimiter::new(server.storage_with(""));
    for cost in [0, 1, 3] {
        for is_hit in [true, false] {
            server.keep_counter(CURRENT, 1, server.now() / 1_000 + 85_000);
            set(&server, PREVIOUS, "4");
            let answer = if is_hit {
                server.wait(limiter.hit(&ITEM, "u", cost))
            } else {
                server.wait(limiter.test(&ITEM, "u", cost))
            };
            let answer = answer.expect("it decides");
            // Less than half of 4, and 1.
            assert!(answer.allowed(), "{answer:?}");
            assert_counter(&server, PREVIOUS, 4, &(20_000..=25_000));
        }
    }
}

#[test]
fn both_counters_of_a_sliding_window_are_let_expire() {
    let server = Server::start();
    let limiter = SlidingWindowCounterRateLimiter::new(server.storage_with(""));
    set(&server, CURRENT, "1");
    set(&server, PREVIOUS, "4");
    // Hardly less than 4, and 1.
    let test = server.wait(limiter.test(&ITEM, "u", 2)).expect("it reads");
    assert!(!test.allowed(), "{test:?}");
    assert_counter(&server, CURRENT, 1, &TWO_MINUTES);
    assert_counter(&server, PREVIOUS, 4, &MINUTE);
}

#[test]
fn a_previous_counter_without_a_current_one_is_over_at_once() {
    let server = Server::start();
    let limiter = SlidingWindowCounterRateLimiter::new(server.storage_with(""));
    set(&server, PREVIOUS, "5");
    let hit = server.wait(limiter.hit(&ITEM, "u", 5)).expect("it decides");
    assert!(hit.allowed(), "{hit:?}");
    assert!(left(&server, PREVIOUS) <= 1);
}

#[test]
fn a_hit_lets_a_list_expire_whether_it_passes_or_not() {
    let server = Server::start();
    let limiter = MovingWindowRateLimiter::new(server.storage_with(""));
    for (units, allowed) in [(4, true), (5, false)] {
        let now = server.now() / 1_000_000;
        server.keep_list(COUNTER, &vec![format!("{now}.000000"); units]);
        assert_eq!(left(&server, COUNTER), -1);
        let hit = server.wait(limiter.hit(&ITEM, "u", 1)).expect("it decides");
        assert_eq!(hit.allowed(), allowed, "{hit:?}");
        let left = left(&server, COUNTER);
        assert!(MINUTE.contains(&left), "expires in {left} ms");
    }
}
