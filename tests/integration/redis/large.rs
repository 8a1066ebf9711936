//! Large limits: what a million units cost the server, and amounts beyond any count.

use limits::redis::Scripted;
use limits::{
    MovingWindowRateLimiter, RateLimiter, RedisStorage, StorageErrorKind, StrategyName, SystemClock,
};
use limits_core::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};
use limits_core::{Ask, FixedWindowSupport, Keeps, Limit, Micros, RateLimitItem, Storage};

use crate::server::{HERE, KEY, Server, key};

const MILLION: u64 = 1_000_000;
const ITEM: RateLimitItem<'_> = RateLimitItem::per_hour(MILLION);
const STORED: &str = "LIMITS:LIMITER/u/1000000/1/hour";

/// The units that one hit on a moving window may cost.
const MOST_ENTRIES: u64 = 1 << 20;

/// Makes calls and tells for how many microseconds the server was busy with each.
fn busy<T>(server: &Server, calls: u64, mut call: impl FnMut() -> T) -> (T, u64) {
    let () = server.ask(&["CONFIG", "RESETSTAT"]);
    let mut output = call();
    for _ in 1..calls {
        output = call();
    }
    let stats: String = server.ask(&["INFO", "commandstats"]);
    let scripts = ["cmdstat_eval:", "cmdstat_evalsha:", "cmdstat_unlink:"];
    let lines = stats.lines();
    let lines = lines.filter(|line| scripts.iter().any(|script| line.starts_with(script)));
    let micros = lines.map(|line| {
        let (_, rest) = line.split_once("usec=").expect("Redis tells it");
        let (micros, _) = rest.split_once(',').expect("more follows");
        micros.parse::<u64>().expect("it is a number")
    });
    (output, micros.sum::<u64>() / calls)
}

#[test]
fn a_moving_window_of_a_million_units() {
    let server = Server::start();
    let limiter = MovingWindowRateLimiter::new(server.storage_with(""));
    let hit = |cost| {
        server
            .wait(limiter.hit(&ITEM, "u", cost))
            .expect("it counts")
    };
    let test = |cost| {
        server
            .wait(limiter.test(&ITEM, "u", cost))
            .expect("it reads")
    };

    let (first, micros) = busy(&server, 1, || hit(MILLION));
    println!("one hit of 1,000,000 units: {micros} µs");
    assert!(first.allowed() && first.remaining() == 0, "{first:?}");
    assert_eq!(server.ask::<u64>(&["LLEN", STORED]), MILLION);
    println!(
        "memory: {} bytes",
        server.ask::<u64>(&["MEMORY", "USAGE", STORED])
    );

    let (refused, micros) = busy(&server, 100, || hit(1));
    println!("one unit on a full list: {micros} µs, refused");
    assert!(!refused.allowed(), "{refused:?}");
    let (refused, micros) = busy(&server, 100, || hit(MILLION / 2));
    println!("half of the units on a full list: {micros} µs, refused");
    assert!(!refused.allowed(), "{refused:?}");
    let (asked, micros) = busy(&server, 100, || test(1));
    println!("a test on a full list: {micros} µs");
    assert!(!asked.allowed(), "{asked:?}");
    let stats = server
        .wait(limiter.get_window_stats(&ITEM, "u"))
        .expect("it reads");
    assert_eq!((stats.limit, stats.remaining), (MILLION, 0));
    assert!(stats.reset_after().as_secs() > 3_500, "{stats:?}");

    let (cleared, micros) = busy(&server, 1, || server.wait(limiter.clear(&ITEM, "u")));
    cleared.expect("it clears");
    println!("clear: {micros} µs");
    assert!(server.entry(STORED).is_absent());
    assert!(test(MILLION).allowed());
}

/// Units that are over are searched for and cut off by the next hit that passes.
#[test]
fn a_moving_window_of_which_half_a_million_units_are_over() {
    let server = Server::start();
    let limiter = MovingWindowRateLimiter::new(server.storage_with(""));
    let now = server.now() / MILLION;
    let fill = "for i = 1, 100 do redis.call('RPUSH', KEYS[1], unpack(ARGV)) end";
    for age in [10, 3_700] {
        let entry = format!("{}.000000", now - age);
        let mut command = vec!["EVAL", fill, "1", STORED];
        command.extend(vec![entry.as_str(); 5_000]);
        let () = server.ask(&command);
    }
    let () = server.ask(&["EXPIRE", STORED, "3600"]);
    assert_eq!(server.ask::<u64>(&["LLEN", STORED]), MILLION);

    let test = || server.wait(limiter.test(&ITEM, "u", 1)).expect("it reads");
    let (asked, micros) = busy(&server, 100, test);
    println!("a test on a list of which half is over: {micros} µs");
    assert_eq!(asked.remaining(), MILLION / 2, "{asked:?}");
    let hit = || server.wait(limiter.hit(&ITEM, "u", 1)).expect("it counts");
    let (first, micros) = busy(&server, 1, hit);
    println!("the hit that cuts them off: {micros} µs");
    assert!(
        first.allowed() && first.remaining() == MILLION / 2 - 1,
        "{first:?}"
    );
    assert_eq!(server.ask::<u64>(&["LLEN", STORED]), MILLION / 2 + 1);
    let (next, micros) = busy(&server, 100, hit);
    println!("one unit on a list half full: {micros} µs, passes");
    assert_eq!(next.remaining(), MILLION / 2 - 101, "{next:?}");
}

/// The largest number that scripts count to exactly.
const MOST: u64 = (1 << 53) - 1;

#[test]
fn a_hit_of_too_many_units_is_unsupported_and_asks_no_server() {
    fn says<K: Scripted>(server: &Server, kind: K, most: u64) {
        // Nobody listens there.
        let storage = RedisStorage::from_uri("redis://127.0.0.1:1").expect("it is a URI");
        let limit = Limit::new(u64::MAX, Micros::from_secs(60));
        let ask = Ask::of_key(kind, key(), limit, most + 1);
        for answer in [
            server.wait(storage.acquire(ask, HERE)),
            server.wait(storage.peek(ask, HERE)),
        ] {
            let error = answer.expect_err("it is refused");
            assert_eq!(error.kind(), StorageErrorKind::Unsupported);
            let expected = format!("redis: a hit on this window costs at most {most} units");
            assert_eq!(error.to_string(), expected);
        }
        let hit = server.hit(kind, limit, most);
        assert!(hit.allowed(), "{hit:?}");
    }
    let server = Server::start();
    says(&server, Moving, MOST_ENTRIES);
    server.forget(&format!("LIMITS:{KEY}"));
    says(&server, SlidingCounter, MOST);
    says(&server, Gcra, MOST);
    says(&server, Fixed, MOST);
    server.forget(&format!("LIMITS:{KEY}"));
    says(&server, Elastic, MOST);
}

#[test]
fn the_largest_hits_count_exactly() {
    fn counts<K: Scripted>(server: &Server, kind: K) {
        let limit = Limit::new(MOST, Micros::from_secs(3_600));
        for (cost, allowed, remaining) in [
            (MOST - 2, true, 2),
            (3, false, 2),
            (1, true, 1),
            (MOST, false, 1),
            (1, true, 0),
            (1, false, 0),
            (0, true, 0),
        ] {
            let hit = server.hit(kind, limit, cost);
            let seen = (hit.allowed(), hit.remaining());
            assert_eq!(seen, (allowed, remaining), "{cost}: {hit:?}");
        }
    }
    let server = Server::start();
    counts(&server, SlidingCounter);
    counts(&server, Fixed);
    let kept = server
        .counter(&format!("LIMITS:{KEY}"))
        .map(|(count, _)| count);
    assert_eq!(kept.and_then(|count| u64::try_from(count).ok()), Some(MOST));
}

#[test]
fn python_s_incr_adds_no_more_than_can_be_counted() {
    let server = Server::start();
    let incr = |amount| {
        let incr = server
            .storage()
            .incr(key(), Micros::from_secs(60), false, amount, HERE);
        server.wait(incr).expect("it counts")
    };
    assert_eq!(incr(MOST - 1), MOST - 1);
    for amount in [2, MOST + 1, u64::MAX] {
        assert_eq!(incr(amount), MOST - 1);
    }
    assert_eq!(incr(1), MOST);
}

/// It counts as the largest that scripts count to.
#[test]
fn the_largest_limit_works_in_every_strategy() {
    let server = Server::start();
    let item = RateLimitItem::per_year(u64::MAX);
    for strategy in StrategyName::ALL {
        let limiter = RateLimiter::with_strategy(*strategy, server.storage(), SystemClock);
        let refills = *strategy == StrategyName::Gcra;
        for taken in 1..4 {
            let hit = server.wait(limiter.hit(&item, "u", 1)).expect("it counts");
            assert!(hit.allowed(), "{hit:?}");
            assert!(refills || hit.remaining() == MOST - taken, "{hit:?}");
            let test = server.wait(limiter.test(&item, "u", 1)).expect("it reads");
            assert!(test.allowed(), "{test:?}");
            assert!(refills || test.remaining() == MOST - taken, "{test:?}");
        }
        let stats = server.wait(limiter.get_window_stats(&item, "u"));
        let stats = stats.expect("it reads");
        assert_eq!(stats.limit, MOST);
        assert!(refills || stats.remaining == MOST - 3, "{stats:?}");
        assert!(refills || stats.reset_after().as_secs() > 50, "{stats:?}");
        server.wait(server.storage().reset()).expect("it resets");
    }
}
