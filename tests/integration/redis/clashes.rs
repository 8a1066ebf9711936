//! What others keep under the keys of limits: an error that says so, never a hit that passes.

use core::fmt::Debug;

use limits::redis::Scripted;
use limits::{StorageError, StorageErrorKind};
use limits_core::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};
use limits_core::{Ask, Decision, FixedWindowSupport, Keeps, Key, Limit, Micros};

use crate::server::{HERE, KEY, Server, key};

const STORED: &str = "LIMITS:key";
const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";
const BUCKET: &str = "LIMITS:{key}/gcra";

const PERIOD: Micros = Micros::from_secs(60);
const LIMIT: Limit = Limit::new(5, PERIOD);

/// What is no counter, though Lua reads some of it as a number.
const NO_COUNTERS: [&str; 17] = [
    "abc",
    "",
    "1.5",
    "inf",
    "-inf",
    "nan",
    "-",
    "2.0",
    "1e0",
    "0x2",
    " 2",
    "2 ",
    "+2",
    "2\n",
    "02",
    "-02",
    "-9223372036854775809",
];

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

/// Checks that a call fails without a word of the key, which may be a secret, and changes
/// nothing.
fn refuses<T: Debug>(server: &Server, call: impl FnOnce() -> Result<T, StorageError>) -> String {
    let entries = || [STORED, CURRENT, PREVIOUS, BUCKET].map(|name| server.entry(name));
    let before = entries();
    let error = call().expect_err("it can't decide");
    assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{error}");
    assert!(!format!("{error} {error:?}").contains("LIMITS:"), "{error}");
    assert_eq!(entries(), before);
    error.to_string()
}

fn refuses_every_call<K: Scripted>(server: &Server, kind: K) -> Vec<String> {
    let mut messages = Vec::new();
    for cost in [0, 1, 5] {
        messages.push(refuses(server, || server.try_hit(kind, LIMIT, cost)));
        messages.push(refuses(server, || server.try_test(kind, LIMIT, cost)));
    }
    messages
}

fn refuses_every_call_on_a_counter(server: &Server) -> Vec<String> {
    let mut messages = refuses_every_call(server, Fixed);
    messages.extend(refuses_every_call(server, Elastic));
    let get = || server.wait(server.storage().get(key(), HERE));
    messages.push(refuses(server, get));
    messages
}

fn refuses_every_call_on_a_list(server: &Server) -> Vec<String> {
    refuses_every_call(server, Moving)
}

fn refuses_every_call_on_two_counters(server: &Server) -> Vec<String> {
    refuses_every_call(server, SlidingCounter)
}

#[test]
fn a_fixed_and_a_moving_window_of_one_item_say_what_to_do() {
    let says_what_to_do = |messages: Vec<String>| {
        for message in messages {
            let way_out = "the key holds a value of another type: the fixed and the moving \
                           windows of one item share a key, so put one of them under another \
                           namespace or key prefix";
            assert!(message.contains(way_out), "{message}");
        }
    };
    let server = Server::start();
    assert!(server.hit(Moving, LIMIT, 2).allowed());
    says_what_to_do(refuses_every_call_on_a_counter(&server));
    server.forget(STORED);
    assert!(server.hit(Fixed, LIMIT, 2).allowed());
    says_what_to_do(refuses_every_call_on_a_list(&server));
}

#[test]
fn what_is_no_counter_is_not_counted_on() {
    let server = Server::start();
    for text in NO_COUNTERS {
        server.keep_counter(STORED, text, server.now() / 1_000 + 30_000);
        println!("{text:?}: {}", refuses_every_call_on_a_counter(&server)[0]);
        let () = server.ask(&["PERSIST", STORED]);
        refuses(&server, || server.wait(server.storage().get(key(), HERE)));
    }
}

#[test]
fn what_is_no_counter_lets_no_other_limit_of_the_call_be_charged() {
    let server = Server::start();
    let asks = ["other", KEY].map(|name| Ask::of_key(Fixed, Key::from(name), LIMIT, 1));
    for text in NO_COUNTERS {
        server.keep_counter(STORED, text, server.now() / 1_000 + 30_000);
        let mut decisions = asks.map(|ask| Decision::never(ask.hit(HERE)));
        let hit = server.storage().acquire_all(&asks, HERE, &mut decisions);
        let error = server.wait(hit).expect_err("it can't decide");
        assert_eq!(error.kind(), StorageErrorKind::Corrupt, "{text:?}: {error}");
        assert!(server.entry("LIMITS:other").is_absent(), "{text:?}");
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
fn what_is_no_bucket_is_not_counted_on() {
    let server = Server::start();
    let full_at = server.now() + 60_000_000;
    let texts = [
        "", "abc", "1", "1 2", "1 2 3 4", "-1 2 3", "1.5 2 3", "1e9 2 3", "inf 0 0",
    ];
    let texts = texts.map(str::to_owned).into_iter();
    for text in texts.chain([
        format!("{full_at} 0 9007199254740992"),
        format!("{full_at} -1 0"),
    ]) {
        let () = server.ask(&["SET", BUCKET, &text, "EX", "60"]);
        println!("{text:?}: {}", refuses_every_call(&server, Gcra)[0]);
    }
}

#[test]
fn a_bucket_of_another_amount_is_counted_on_as_far_as_it_goes() {
    let server = Server::start();
    let full_at = server.now() + 30_000_000;
    for text in [
        format!("{full_at} 7 1"),
        format!("{full_at} 99999999999999999999 1"),
    ] {
        let () = server.ask(&["SET", BUCKET, &text, "EX", "60"]);
        let hit = server.hit(Gcra, LIMIT, 1);
        assert!(hit.allowed() && hit.remaining() == 1, "{text}: {hit:?}");
    }
    let () = server.ask(&["SET", BUCKET, "99999999999999999999 0 1", "EX", "60"]);
    let hit = server.hit(Gcra, LIMIT, 1);
    assert!(
        !hit.allowed() && hit.reset_after().as_secs() <= 12,
        "{hit:?}"
    );
}

#[test]
fn a_huge_counter_admits_nothing() {
    let server = Server::start();
    for count in HUGE {
        server.keep_counter(STORED, count, server.now() / 1_000 + 30_000);
        let before = server.entry(STORED);
        for cost in [0, 1, 5] {
            for answer in [
                server.hit(Fixed, LIMIT, cost),
                server.test(Fixed, LIMIT, cost),
            ] {
                assert!(!answer.allowed(), "{count}: {answer:?}");
                assert_eq!(answer.remaining(), 0, "{count}: {answer:?}");
            }
        }
        assert_eq!(server.entry(STORED), before);
    }
}

#[test]
fn nothing_is_added_to_a_huge_counter() {
    let server = Server::start();
    let all = Limit::new(u64::MAX, PERIOD);
    for count in HUGE {
        server.keep_counter(STORED, count, server.now() / 1_000 + 30_000);
        let before = server.entry(STORED);
        let hit = server.hit(Fixed, all, 5);
        assert!(!hit.allowed() && hit.remaining() == 0, "{count}: {hit:?}");
        assert_eq!(server.entry(STORED), before);
    }
}

#[test]
fn huge_counters_of_a_sliding_window_admit_nothing() {
    let server = Server::start();
    for count in HUGE {
        let now = server.now() / 1_000;
        for (name, left) in [(CURRENT, 90_000), (CURRENT, 30_000), (PREVIOUS, 30_000)] {
            server.keep_counter(CURRENT, 1, now + 90_000);
            server.forget(PREVIOUS);
            server.keep_counter(name, count, now + left);
            for cost in [0, 1, 5] {
                let answers = [
                    server.hit(SlidingCounter, LIMIT, cost),
                    server.test(SlidingCounter, LIMIT, cost),
                ];
                for answer in answers {
                    assert!(
                        !answer.allowed(),
                        "{count} in {name} for {left} ms: {answer:?}"
                    );
                    assert_eq!(answer.remaining(), 0, "{count} in {name}: {answer:?}");
                }
            }
        }
    }
}
