//! Prefixes other than `LIMITS`.

use limits_tests::servers::RedisServer;
use serde_json::json;

use super::side::{STRATEGIES, Side};
use super::sides::Sides;
use super::state::{PAIRS, read, window};

#[test]
fn every_prefix_is_the_same_on_each_side() {
    let server = RedisServer::start().expect("Redis starts");
    for prefix in ["shop", "my {shop}/é:"] {
        let sides = Sides::start_with(&server.uri(), &json!({"key_prefix": prefix}));
        for strategy in STRATEGIES {
            for (pair, identifiers) in sides.pairs().zip(PAIRS) {
                let (window, [one, other]) = (window(strategy, identifiers), pair);
                assert!(one.hit(window, 4), "{prefix}: {one}, {other}");
                assert!(other.hit(window, 4), "{prefix}: {one}, {other}");
                assert_eq!(read(pair, window), 2, "{prefix}: {one}, {other}");
            }
        }
        let keys = server.cli(&["KEYS", "*"]).expect("Redis answers");
        let own = format!("{prefix}:");
        assert!(
            keys.lines().all(|key| key.starts_with(&own)),
            "{prefix}: {keys}"
        );
        assert_eq!(sides.python[0].reset(), 18, "{prefix}: {keys}");
    }
}

/// Python's own reset deletes the keys of others here.
#[test]
fn our_reset_takes_a_prefix_literally() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start_with(&server.uri(), &json!({"key_prefix": "a*[b]?"}));
    let stranger = server.cli(&["SET", "abbb:key", "1"]);
    stranger.expect("Redis answers");
    for strategy in STRATEGIES {
        for (python, identifiers) in sides.python.iter().zip(PAIRS) {
            let window = window(strategy, identifiers);
            assert!(python.hit(window, 1), "{python}: {window:?}");
        }
    }
    assert_eq!(sides.ours.reset(), 9);
    let keys = server.cli(&["KEYS", "*"]).expect("Redis answers");
    assert_eq!(keys, "abbb:key");
}
