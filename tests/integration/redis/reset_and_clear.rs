//! What `reset` and `clear` delete: all of their own, and nothing else.

use limits::{
    FixedWindowRateLimiter, GcraRateLimiter, MovingWindowRateLimiter, RedisStorage,
    SlidingWindowCounterRateLimiter,
};
use limits_core::{Key, RateLimitItem, Storage};

use crate::server::Server;

const ITEM: RateLimitItem<'_> = RateLimitItem::per_minute(5);

/// Prefixes that are patterns too, each with one of somebody else's that it matches.
const PREFIXES: [(&str, &str); 14] = [
    ("a[b]", "ab"),
    ("a*", "aZZ"),
    ("a?", "ab"),
    (r"a\b", "ab"),
    (r"a\\b", r"a\b"),
    ("a[^b]", "ac"),
    ("a[b-z]", "ac"),
    ("a]", "a"),
    ("a[", "a"),
    (r"a\", "a"),
    ("*", "anything"),
    ("?", "a"),
    ("", "a"),
    ("é*", "éé"),
];

fn keys(server: &Server) -> Vec<String> {
    let mut keys: Vec<String> = server.ask(&["KEYS", "*"]);
    keys.sort();
    keys
}

fn set(server: &Server, name: &str) {
    let () = server.ask(&["SET", name, "1"]);
}

#[test]
fn a_reset_takes_the_prefix_literally() {
    let server = Server::start();
    for (prefix, other) in PREFIXES {
        let () = server.ask(&["FLUSHALL"]);
        let storage = server.storage_with("").with_key_prefix(prefix);
        let mut others = vec![
            format!("{other}:k"),
            format!("{prefix}x:k"),
            format!("x{prefix}:k"),
            prefix.to_owned() + "k",
            "LIMITS:k".to_owned(),
        ];
        // One that begins with this one's colon is of this prefix.
        others.retain(|name| !name.starts_with(&format!("{prefix}:")));
        for name in &others {
            set(&server, name);
        }
        let own = ["k", "{k}", "{k}/-1", "", ":", "*", "[x]"];
        for name in own {
            set(&server, &format!("{prefix}:{name}"));
        }
        let deleted = server.wait(storage.reset()).expect("it resets");
        assert_eq!(usize::try_from(deleted), Ok(own.len()), "{prefix}");
        others.sort();
        others.dedup();
        assert_eq!(keys(&server), others, "{prefix}");
    }
}

#[test]
fn a_prefix_of_a_uri_is_taken_literally() {
    let server = Server::start();
    let storage = server.storage_with("&key_prefix=a%5Bb%5D%2A");
    let limiter = FixedWindowRateLimiter::new(storage);
    let hit = server.wait(limiter.hit(&ITEM, "u", 1)).expect("it counts");
    assert!(hit.allowed());
    set(&server, "ab:k");
    assert_eq!(keys(&server), ["a[b]*:LIMITER/u/5/1/minute", "ab:k"]);
    assert_eq!(
        server.wait(limiter.storage().reset()).expect("it resets"),
        1
    );
    assert_eq!(keys(&server), ["ab:k"]);
}

#[test]
fn a_reset_counts_ten_thousand_keys_and_leaves_the_others() {
    let server = Server::start();
    for (prefix, count) in [("LIMITS:", 10_000), ("others:", 3_000)] {
        let script = "for i = 1, ARGV[2] do redis.call('SET', ARGV[1] .. i, i) end";
        let () = server.ask(&["EVAL", script, "0", prefix, &count.to_string()]);
    }
    let deleted = server.wait(server.storage().reset());
    assert_eq!(deleted.expect("it resets"), 10_000);
    let keys = keys(&server);
    assert_eq!(keys.len(), 3_000);
    assert!(keys.iter().all(|key| key.starts_with("others:")));
    let deleted = server.wait(server.storage().reset());
    assert_eq!(deleted.expect("it resets"), 0);
}

#[test]
fn a_reset_deletes_keys_of_every_type() {
    let server = Server::start();
    let () = server.ask(&["HSET", "LIMITS:hash", "field", "1"]);
    let () = server.ask(&["SADD", "LIMITS:set", "member"]);
    server.keep_list("LIMITS:list", &["1".to_owned()]);
    let deleted = server.wait(server.storage().reset());
    assert_eq!(deleted.expect("it resets"), 3);
    assert!(keys(&server).is_empty());
}

/// Hits by every strategy; the fixed and the moving window share a key, so they
/// have items of their own.
fn hit_all(server: &Server, user: &str) {
    let storage = || server.storage_with("");
    let moving = ITEM.with_namespace("M");
    let hits = [
        server.wait(FixedWindowRateLimiter::new(storage()).hit(&ITEM, user, 1)),
        server.wait(MovingWindowRateLimiter::new(storage()).hit(&moving, user, 1)),
        server.wait(SlidingWindowCounterRateLimiter::new(storage()).hit(&ITEM, user, 1)),
        server.wait(GcraRateLimiter::new(storage()).hit(&ITEM, user, 1)),
    ];
    for hit in hits {
        assert!(hit.expect("it counts").allowed());
    }
    set(server, &format!("LIMITS:{{LIMITER/{user}/5/1/minute}}/-1"));
}

fn clear(server: &Server, storage: &RedisStorage, key: Key<'_>) -> Vec<String> {
    let before = keys(server);
    server.wait(storage.clear(key)).expect("it clears");
    let left = keys(server);
    before
        .into_iter()
        .filter(|key| !left.contains(key))
        .collect()
}

#[test]
fn a_clear_deletes_the_keys_of_all_strategies_and_no_others() {
    let server = Server::start();
    for user in ["u", "v", "*", "u/5"] {
        hit_all(&server, user);
    }
    for name in [
        "LIMITS:LIMITER/u/5/1/minute/-1",
        "LIMITER/u/5/1/minute",
        "LIMITS:",
    ] {
        set(&server, name);
    }
    let storage = server.storage();
    for user in ["u", "*"] {
        let deleted = clear(&server, storage, ITEM.key_for(user));
        let own = [
            format!("LIMITS:LIMITER/{user}/5/1/minute"),
            format!("LIMITS:{{LIMITER/{user}/5/1/minute}}"),
            format!("LIMITS:{{LIMITER/{user}/5/1/minute}}/-1"),
            format!("LIMITS:{{LIMITER/{user}/5/1/minute}}/gcra"),
        ];
        assert_eq!(deleted, own);
        let moving = ITEM.with_namespace("M");
        let deleted = clear(&server, storage, moving.key_for(user));
        assert_eq!(deleted, [format!("LIMITS:M/{user}/5/1/minute")]);
        assert!(clear(&server, storage, ITEM.key_for(user)).is_empty());
    }
    assert_eq!(keys(&server).len(), 2 * 5 + 3);
}
