//! Runs that share counters, since these are in a server.

use limits::StrategyName;
use limits_tests::servers::{RedisOptions, RedisServer};

use super::program::{batch, json, limits};

const LIMIT: &str = "2/hour";

fn hit(storage: &str, strategy: StrategyName, id: &str) -> Option<i32> {
    let options = ["--storage", storage, "--strategy", strategy.as_str()];
    limits(&[&options[..], &["hit", LIMIT, id]].concat()).code
}

#[test]
fn single_hits_meet_in_redis() {
    let server = RedisServer::start().expect("a server");
    let storage = server.uri();
    for strategy in StrategyName::ALL.iter().copied() {
        let id = strategy.as_str();
        let codes = [0; 3].map(|_| hit(&storage, strategy, id));
        assert_eq!(codes, [Some(0), Some(0), Some(1)], "{strategy}");
    }
    let options = ["--storage", &storage];
    let answers = batch(
        &options,
        &[
            r#"{"op":"check"}"#,
            r#"{"op":"test","limit":"2/hour","ids":["fixed-window"]}"#,
            r#"{"op":"clear","limit":"2/hour","ids":["fixed-window"]}"#,
            r#"{"op":"hit","limit":"2/hour","ids":["fixed-window"]}"#,
        ],
    );
    assert_eq!(answers[0]["ok"], true, "{answers:?}");
    assert_eq!(answers[1]["allowed"], false, "{answers:?}");
    assert_eq!(answers[3]["remaining"], 1, "{answers:?}");
    let ran = limits(&[&options[..], &["--json", "reset", "--yes"]].concat());
    assert_eq!(json(ran.answer(0))["deleted"], 5, "{ran:?}");
}

#[test]
fn bench_measures_redis_and_leaves_nothing_there() {
    let server = RedisServer::start().expect("a server");
    let storage = server.uri();
    let options = ["--storage", &storage, "--json", "bench"];
    let ran = limits(&[&options[..], &["--duration", "200ms", "--keys", "50"]].concat());
    let figures = json(ran.answer(0));
    assert_eq!(figures["storage"], "redis");
    assert_eq!(figures["errors"], 0, "{figures}");
    assert!(figures["allowed"].as_u64() > Some(0), "{figures}");
    assert_eq!(server.cli(&["DBSIZE"]).expect("an answer"), "0");
}

#[test]
fn a_server_that_is_not_there_is_a_failure_of_the_storage() {
    for storage in [
        "redis://:hunter2@127.0.0.1:1",
        "redis+cluster://:hunter2@127.0.0.1:1",
        "redis+sentinel://:hunter2@127.0.0.1:1/service",
    ] {
        for command in [&["check"][..], &["hit", LIMIT, "me"], &["bench"]] {
            let ran = limits(&[&["--storage", storage], command].concat());
            let error = ran.error(3);
            assert!(error.contains("can't connect to"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}

#[test]
fn a_wrong_password_is_told_and_not_quoted() {
    let options = RedisOptions::new().with_password("right");
    let server = options.start().expect("a server");
    let storage = format!("redis://:hunter2@{}", server.address());
    let ran = limits(&["--storage", &storage, "check"]);
    let error = ran.error(2);
    assert!(error.contains("assword"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}
