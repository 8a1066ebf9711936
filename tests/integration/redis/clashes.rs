//! What others keep under the keys of limits: an error that says so, never a hit that passes.

use core::fmt::Debug;

use limits::{StorageError, StorageErrorKind};
use limits_core::window::Increment;
use limits_core::{
    Decision, FixedWindowSupport, Limit, Micros, MovingWindowSupport, SlidingWindowCounterSupport,
};

use crate::server::{HERE, Server, key};

const STORED: &str = "LIMITS:key";
const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";

const PERIOD: Micros = Micros::from_secs(60);
const LIMIT: Limit = Limit::new(5, PERIOD);

/// What is no counter, though Lua reads some of it as a number.
const NO_COUNTERS: [&str; 7] = ["abc", "", "1.5", "inf", "-inf", "nan", "-"];

/// What is no instant, though Lua reads some of it as a number: the last one is
/// of a client that counts in milliseconds.
const NO_INSTANTS: [&str; 8] = [
    "abc",
    "",
    "1.5.2",
    "inf",
    "nan",
    "-nan",
    "1e400",
    "1795456495906",
];

/// Counters of so many that no sum is exact, or there is none at all.
const HUGE: [&str; 6] = [
    "9007199254740992",
    "9007199254740993",
    "9223372036854775295",
    "9223372036854775806",
    "9223372036854775807",
    "99999999999999999999",
];

fn increment(amount: u64, ceiling: Option<u64>) -> Increment {
    Increment {
        amount,
        expiry: PERIOD,
        elastic_expiry: false,
        ceiling,
    }
}

/// Checks that a call fails, naming the key, and changes nothing.
fn refuses<T: Debug>(
    server: &Server,
    named: &str,
    call: impl Future<Output = Result<T, StorageError>>,
) -> String {
    let entries = || [STORED, CURRENT, PREVIOUS].map(|name| server.entry(name));
    let before = entries();
    let error = server.wait(call).expect_err("it can't decide");
    assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains(&format!("`{named}`")), "{error}");
    assert_eq!(entries(), before);
    error.to_string()
}

fn refuses_every_call_on_a_counter(server: &Server) -> Vec<String> {
    let storage = server.storage();
    let elastic = Increment {
        elastic_expiry: true,
        ..increment(1, Some(5))
    };
    vec![
        refuses(
            server,
            STORED,
            storage.incr(key(), increment(1, None), HERE),
        ),
        refuses(
            server,
            STORED,
            storage.incr(key(), increment(1, Some(5)), HERE),
        ),
        refuses(
            server,
            STORED,
            storage.incr(key(), increment(1, Some(1)), HERE),
        ),
        refuses(
            server,
            STORED,
            storage.incr(key(), increment(0, Some(5)), HERE),
        ),
        refuses(server, STORED, storage.incr(key(), elastic, HERE)),
        refuses(server, STORED, storage.get(key(), HERE)),
        refuses(server, STORED, storage.get_expiry(key(), HERE)),
    ]
}

fn refuses_every_call_on_a_list(server: &Server) -> Vec<String> {
    let storage = server.storage();
    let hit = |cost| storage.acquire_entry(key(), LIMIT, cost, HERE);
    vec![
        refuses(server, STORED, hit(0)),
        refuses(server, STORED, hit(1)),
        refuses(server, STORED, hit(5)),
        refuses(
            server,
            STORED,
            storage.get_moving_window(key(), LIMIT, 1, HERE),
        ),
    ]
}

fn refuses_every_call_on_two_counters(server: &Server) -> Vec<String> {
    let storage = server.storage();
    let hit = |cost| storage.acquire_sliding_window_entry(key(), LIMIT, cost, HERE);
    vec![
        refuses(server, CURRENT, hit(0)),
        refuses(server, CURRENT, hit(1)),
        refuses(server, CURRENT, hit(5)),
        refuses(
            server,
            CURRENT,
            storage.get_sliding_window(key(), PERIOD, HERE),
        ),
    ]
}

#[test]
fn a_fixed_and_a_moving_window_of_one_item_say_what_to_do() {
    let says_what_to_do = |messages: Vec<String>| {
        for message in messages {
            let way_out = "`LIMITS:key` holds a value of another type: the fixed and the moving \
                           windows of one item share a key, so put one of them under another \
                           namespace or key prefix";
            assert!(message.contains(way_out), "{message}");
        }
    };
    let server = Server::start();
    let storage = server.storage();
    let hit = server.wait(storage.acquire_entry(key(), LIMIT, 2, HERE));
    assert!(hit.expect("it counts").allowed());
    says_what_to_do(refuses_every_call_on_a_counter(&server));
    server.forget(STORED);
    let hit = server.wait(storage.incr(key(), increment(2, None), HERE));
    assert!(hit.expect("it counts").applied);
    says_what_to_do(refuses_every_call_on_a_list(&server));
}

#[test]
fn what_is_no_counter_is_not_counted_on() {
    let server = Server::start();
    for text in NO_COUNTERS {
        server.keep_counter(STORED, text, server.now() / 1_000 + 30_000);
        println!("{text:?}: {}", refuses_every_call_on_a_counter(&server)[0]);
        let () = server.ask(&["PERSIST", STORED]);
        let storage = server.storage();
        refuses(&server, STORED, storage.get(key(), HERE));
    }
}

#[test]
fn what_is_no_counter_of_a_sliding_window_is_not_counted_on() {
    let server = Server::start();
    for text in NO_COUNTERS {
        let now = server.now() / 1_000;
        // Of the window before this one, of this one, and of one that is over.
        for (name, left) in [(CURRENT, 90_000), (CURRENT, 30_000), (PREVIOUS, 30_000)] {
            server.keep_counter(CURRENT, 1, now + 90_000);
            server.forget(PREVIOUS);
            server.keep_counter(name, text, now + left);
            let messages = refuses_every_call_on_two_counters(&server);
            println!("{text:?} in {name} for {left} ms: {}", messages[0]);
        }
    }
}

#[test]
fn what_is_no_instant_is_not_counted_on() {
    let server = Server::start();
    for text in NO_INSTANTS {
        for others in 0..3 {
            let now = server.now() / 1_000_000;
            let mut list = vec![text.to_owned()];
            list.extend((0..others).map(|age| format!("{}.000000", now - age)));
            server.keep_list(STORED, &list);
            let () = server.ask(&["EXPIRE", STORED, "60"]);
            let messages = refuses_every_call_on_a_list(&server);
            println!("{text:?} before {others}: {}", messages[0]);
        }
    }
}

#[test]
fn a_hash_is_no_limit() {
    let server = Server::start();
    for name in [STORED, CURRENT] {
        let () = server.ask(&["HSET", name, "field", "1"]);
        let () = server.ask(&["PEXPIRE", name, "60000"]);
    }
    refuses_every_call_on_a_counter(&server);
    refuses_every_call_on_a_list(&server);
    refuses_every_call_on_two_counters(&server);
    server.forget(CURRENT);
    server.keep_counter(CURRENT, 1, server.now() / 1_000 + 90_000);
    let () = server.ask(&["HSET", PREVIOUS, "field", "1"]);
    let () = server.ask(&["PEXPIRE", PREVIOUS, "30000"]);
    refuses_every_call_on_two_counters(&server);
}

#[test]
fn a_huge_counter_admits_nothing() {
    let server = Server::start();
    let storage = server.storage();
    for count in HUGE {
        server.keep_counter(STORED, count, server.now() / 1_000 + 30_000);
        let before = server.entry(STORED);
        for amount in [1, 5] {
            let hit = server.wait(storage.incr(key(), increment(amount, Some(5)), HERE));
            let hit = hit.expect("it counts");
            assert!(!hit.applied, "{count}: {hit:?}");
            assert!(hit.window.count(HERE) > 5, "{count}: {hit:?}");
        }
        let read = server.wait(storage.get(key(), HERE)).expect("it reads");
        let test = Decision::test(LIMIT, 0, HERE, read);
        assert!(!test.allowed(), "{count}: {test:?}");
        assert_eq!(server.entry(STORED), before);
    }
}

#[test]
fn a_counter_does_not_count_beyond_the_last_number() {
    let server = Server::start();
    for count in &HUGE[3..] {
        server.keep_counter(STORED, count, server.now() / 1_000 + 30_000);
        let hit = server.storage().incr(key(), increment(5, None), HERE);
        refuses(&server, STORED, hit);
    }
    server.keep_counter(STORED, HUGE[2], server.now() / 1_000 + 30_000);
    let hit = server.storage().incr(key(), increment(5, None), HERE);
    let hit = server.wait(hit).expect("it counts");
    assert!(hit.applied && hit.window.count(HERE) >= 1 << 53, "{hit:?}");
}

#[test]
fn huge_counters_of_a_sliding_window_admit_nothing() {
    let server = Server::start();
    let storage = server.storage();
    for count in HUGE {
        let now = server.now() / 1_000;
        for (name, left) in [(CURRENT, 90_000), (CURRENT, 30_000), (PREVIOUS, 30_000)] {
            server.keep_counter(CURRENT, 1, now + 90_000);
            server.forget(PREVIOUS);
            server.keep_counter(name, count, now + left);
            for cost in [0, 1, 5] {
                let hit = storage.acquire_sliding_window_entry(key(), LIMIT, cost, HERE);
                let hit = server.wait(hit).expect("it counts");
                assert!(!hit.allowed(), "{count} in {name} for {left} ms: {hit:?}");
                assert_eq!(
                    hit.remaining(),
                    0,
                    "{count} in {name} for {left} ms: {hit:?}"
                );
            }
            let read = server.wait(storage.get_sliding_window(key(), PERIOD, HERE));
            let test = Decision::test(LIMIT, 0, HERE, read.expect("it reads"));
            assert!(!test.allowed(), "{count} in {name} for {left} ms: {test:?}");
        }
    }
}
