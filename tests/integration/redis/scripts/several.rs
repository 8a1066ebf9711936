//! Several limits in one round trip, decided as memory decides them.

use limits::{MemoryStorage, RateLimiter, StorageErrorKind, StrategyName};
use limits_core::{
    Ask, Decision, Keeps, Key, Limit, ManualClock, Micros, RateLimitItem, Timestamp,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::for_all;
use crate::server::{HERE, Server};

use StrategyName::{
    FixedWindow, FixedWindowElasticExpiry, Gcra, MovingWindow, SlidingWindowCounter,
};

const HOUR: Micros = Micros::from_secs(3_600);

/// Windows: fixed ones and elastic ones of a key share it.
const WINDOWS: [(StrategyName, &str, u64); 8] = [
    (FixedWindow, "one", 5),
    (FixedWindowElasticExpiry, "one", 5),
    (FixedWindow, "other", 9),
    (MovingWindow, "log", 6),
    (SlidingWindowCounter, "one", 7),
    (SlidingWindowCounter, "log", 4),
    (Gcra, "one", 6),
    (Gcra, "other", 8),
];

fn ask((window, cost): (usize, u64)) -> Ask<'static, StrategyName> {
    let (strategy, key, amount) = WINDOWS[window];
    Ask::of_key(strategy, Key::from(key), Limit::new(amount, HOUR), cost)
}

#[test]
fn several_limits_are_decided_as_memory_does() {
    let server = Server::start();
    let asks = vec((0..WINDOWS.len(), 0..5_u64), 0..7);
    for_all(250, &vec(asks, 1..6), |calls| follows(&server, &calls));
}

fn follows(server: &Server, calls: &[Vec<(usize, u64)>]) -> TestCaseResult {
    let () = server.ask(&["FLUSHALL"]);
    let memory = MemoryStorage::new();
    let mut now = HERE;
    for call in calls {
        now = now.saturating_add(Micros::from_micros(1));
        let asks: Vec<_> = call.iter().copied().map(ask).collect();
        let seen = decide(server, server.storage(), &asks, now, false);
        let expected = decide(server, &memory, &asks, now, false);
        prop_assert_eq!(told(&seen), told(&expected), "questions of {:?}", call);
        let seen = decide(server, server.storage(), &asks, now, true);
        let expected = decide(server, &memory, &asks, now, true);
        prop_assert_eq!(told(&seen), told(&expected), "hits of {:?}", call);
    }
    Ok(())
}

fn decide<S: Keeps<StrategyName>>(
    server: &Server,
    storage: &S,
    asks: &[Ask<'_, StrategyName>],
    now: Timestamp,
    is_hit: bool,
) -> Vec<Decision> {
    let mut decisions: Vec<_> = asks
        .iter()
        .map(|ask| Decision::never(ask.hit(now)))
        .collect();
    if is_hit {
        server
            .wait(storage.acquire_all(asks, now, &mut decisions))
            .expect("it counts");
    } else {
        server
            .wait(storage.peek_all(asks, now, &mut decisions))
            .expect("it reads");
    }
    decisions
}

/// Whether each fits, whether it ever can, what is left of its limit, and what it took.
fn told(decisions: &[Decision]) -> Vec<(bool, bool, u64, Option<u64>)> {
    let told = |decision: &Decision| {
        let taken = decision.charge().map(|charge| charge.cost());
        let passes = decision.retry_at().is_some();
        (decision.allowed(), passes, decision.remaining(), taken)
    };
    decisions.iter().map(told).collect()
}

/// How often the server ran a script, and every other command of a client.
fn calls(server: &Server) -> Vec<String> {
    let stats: String = server.ask(&["INFO", "commandstats"]);
    let lines = stats
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_"));
    let calls = lines.filter_map(|line| line.split(',').next());
    calls
        .filter(|line| line.starts_with("eval"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn several_limits_take_one_round_trip() {
    let server = Server::start();
    let asks: Vec<_> = (0..WINDOWS.len()).map(|window| ask((window, 1))).collect();
    let _known = decide(&server, server.storage(), &asks, HERE, true);
    let _known = decide(&server, server.storage(), &asks, HERE, false);
    for is_hit in [true, false] {
        let () = server.ask(&["CONFIG", "RESETSTAT"]);
        let decisions = decide(&server, server.storage(), &asks, HERE, is_hit);
        assert!(decisions.iter().all(Decision::allowed), "{decisions:?}");
        assert_eq!(calls(&server), ["evalsha:calls=1"]);
    }
}

#[test]
fn sixty_four_limits_are_decided_at_once_and_no_more() {
    let server = Server::start();
    let names: Vec<String> = (0..65).map(|number| format!("key-{number}")).collect();
    let asks: Vec<_> = names
        .iter()
        .map(|name| Ask::of_key(Gcra, Key::from(name.as_str()), Limit::new(5, HOUR), 1))
        .collect();
    let decisions = decide(&server, server.storage(), &asks[..64], HERE, true);
    assert!(decisions.iter().all(|decision| decision.remaining() == 4));
    let mut decisions = vec![decisions[0]; 65];
    let refused = server.storage().acquire_all(&asks, HERE, &mut decisions);
    let error = server.wait(refused).expect_err("there are too many");
    assert_eq!(error.kind(), StorageErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "redis: a hit of more than 64 limits at once"
    );
}

#[test]
fn an_elastic_window_is_extended_only_by_its_own_refusal() {
    let server = Server::start();
    let elastic = |cost| {
        Ask::of_key(
            FixedWindowElasticExpiry,
            Key::from("one"),
            Limit::new(5, HOUR),
            cost,
        )
    };
    let fixed = |cost| Ask::of_key(FixedWindow, Key::from("other"), Limit::new(5, HOUR), cost);
    let end = server.now() / 1_000 + 1_000_000;
    for (costs, is_extended) in [
        ([1, 3], false),
        ([4, 1], true),
        ([4, 3], true),
        ([6, 1], false),
    ] {
        server.keep_counter("LIMITS:one", 3, end);
        server.keep_counter("LIMITS:other", 3, end);
        let decisions = decide(
            &server,
            server.storage(),
            &[elastic(costs[0]), fixed(costs[1])],
            HERE,
            true,
        );
        assert!(!decisions.iter().all(Decision::allowed), "{decisions:?}");
        let ends = ["LIMITS:one", "LIMITS:other"].map(|name| server.entry(name).end);
        let end = i64::try_from(end).expect("it is soon");
        assert_eq!(
            ends.map(|kept| kept != end),
            [is_extended, false],
            "{costs:?}"
        );
        assert_eq!(
            server.counter("LIMITS:one").map(|(count, _)| count),
            Some(3)
        );
    }
}

#[test]
fn what_is_no_window_among_several_is_said_and_nothing_taken() {
    let server = Server::start();
    let item = RateLimitItem::per_minute(5);
    let asks =
        [FixedWindow, SlidingWindowCounter, MovingWindow].map(|kind| Ask::new(kind, &item, "u", 1));
    let () = server.ask(&["SET", "LIMITS:LIMITER/u/5/1/minute", "1", "EX", "60"]);
    let limiter = RateLimiter::with_strategy(Gcra, server.storage(), ManualClock::new(HERE));
    let error = server
        .wait(limiter.hit_all(&asks))
        .expect_err("a counter is no list");
    assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("one of the keys "), "{error}");
    assert_eq!(
        server
            .counter("LIMITS:LIMITER/u/5/1/minute")
            .map(|(count, _)| count),
        Some(1)
    );
    assert_eq!(server.ask::<u64>(&["DBSIZE"]), 1);
}
