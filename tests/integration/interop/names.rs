//! Names of keys, in which nothing is escaped.

use core::num::NonZeroU32;

use limits::{RateLimitItem, StrategyName};
use limits_tests::servers::RedisServer;

use super::side::{STRATEGIES, Side, Window};
use super::sides::Sides;
use super::state::read;

/// Namespaces and identifiers, with the keys made of them and of 10 per 3 hours.
const NAMES: [(&str, &[&str], &str); 9] = [
    ("LIMITER", &[], "LIMITER/10/3/hour"),
    ("LIMITER", &["a", "b"], "LIMITER/a/b/10/3/hour"),
    ("a/b", &["c/d", "/"], "a/b/c/d///10/3/hour"),
    ("", &["", "a", ""], "//a//10/3/hour"),
    (
        "ünï code",
        &["日本", "🦀", "e\u{301}"],
        "ünï code/日本/🦀/e\u{301}/10/3/hour",
    ),
    ("{tag}", &["{", "}", "{}"], "{tag}/{/}/{}/10/3/hour"),
    (
        "a:b*",
        &["[c]", "?", "\\", "%s", "{0}"],
        "a:b*/[c]/?/\\/%s/{0}/10/3/hour",
    ),
    (
        "'\"",
        &["\t", "line\nline", "\r", " "],
        "'\"/\t/line\nline/\r/ /10/3/hour",
    ),
    (
        "LIMITER",
        &["10", "1", "minute"],
        "LIMITER/10/1/minute/10/3/hour",
    ),
];

#[test]
fn every_name_is_the_same_key_on_each_side() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    let three = NonZeroU32::new(3).expect("it is not 0");
    for (namespace, identifiers, key) in NAMES {
        for strategy in STRATEGIES {
            let item = RateLimitItem::per_hour(10).with_multiples(three);
            let window = Window {
                strategy,
                item: item.with_namespace(namespace),
                identifiers,
            };
            for side in sides.all() {
                assert!(side.hit(window, 2), "{side}: {window:?}");
            }
            for python in &sides.python {
                assert_eq!(
                    read([&sides.ours, python], window),
                    2,
                    "{python}: {window:?}"
                );
            }
            let count = server.cli(&["DBSIZE"]).expect("Redis answers");
            assert_eq!(count, "1", "{window:?}");
            let name = match strategy {
                StrategyName::SlidingWindowCounter => format!("LIMITS:{{{key}}}"),
                _ => format!("LIMITS:{key}"),
            };
            let there = server.cli(&["EXISTS", &name]).expect("Redis answers");
            assert_eq!(there, "1", "{name}: {window:?}");
            sides.ours.clear(window);
        }
    }
}
