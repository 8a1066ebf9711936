//! Several limits in one request: all or none.

use std::thread;

use limits::StrategyName;
use limits_tests::servers::RedisServer;
use serde_json::{Value, json};

use super::program::{batch, limits, without_time};

const HIT: &str = r#"{"op":"hit","limit":"2/minute; 3/hour","ids":["me"]}"#;
const STATS: &str = r#"{"op":"stats","limit":"2/minute; 3/hour","ids":["me"]}"#;

/// Asks the same of every strategy, in memory and on a server.
fn everywhere(requests: &[&str], check: impl Fn(&str, &[Value])) {
    let server = RedisServer::start().expect("a server");
    for strategy in StrategyName::ALL.iter().copied() {
        for storage in ["memory://", &server.uri()] {
            let prefix = if storage.starts_with("redis") {
                format!("{storage}?key_prefix={strategy}")
            } else {
                storage.to_owned()
            };
            let options = ["--strategy", strategy.as_str(), "--storage", &prefix];
            let answers = batch(&options, requests);
            assert_eq!(answers.len(), requests.len(), "{answers:?}");
            check(&format!("{strategy} on {storage}: {answers:?}"), &answers);
        }
    }
}

/// One member of each limit's own answer.
fn each<'a>(answer: &'a Value, member: &str) -> Vec<&'a Value> {
    let limits = answer["limits"].as_array().expect("several limits");
    limits.iter().map(|limit| &limit[member]).collect()
}

#[test]
fn a_hit_takes_from_all_or_from_none() {
    everywhere(&[HIT, HIT, HIT, STATS], |case, answers| {
        let allowed: Vec<_> = answers.iter().map(|answer| &answer["allowed"]).collect();
        assert_eq!(allowed[..3], [true, true, false], "{case}");
        assert_eq!(each(&answers[2], "allowed"), [false, true], "{case}");
        // The hour has lost nothing to the hit that the minute refused.
        assert_eq!(each(&answers[3], "remaining"), [0, 1], "{case}");
    });
}

#[test]
fn the_numbers_beside_are_those_of_the_limit_that_binds() {
    everywhere(&[HIT, HIT, HIT, STATS], |case, answers| {
        let [first, _, refused, stats] = answers else {
            panic!("{case}");
        };
        assert_eq!(
            (&first["limit"], &first["remaining"]),
            (&json!(2), &json!(1)),
            "{case}"
        );
        assert_eq!(refused["limit"], 2, "{case}");
        let waits = each(refused, "retry_after");
        assert_eq!(refused["retry_after"], *waits[0], "{case}");
        assert_eq!(*waits[1], 0.0, "{case}");
        assert_eq!(
            (&stats["limit"], &stats["remaining"]),
            (&json!(2), &json!(0)),
            "{case}"
        );
        assert_eq!(stats["retry_after"], Value::Null, "{case}");
    });
}

#[test]
fn each_limit_is_named_in_the_order_given() {
    everywhere(&[HIT], |case, answers| {
        let names = each(&answers[0], "limit");
        assert_eq!(names, ["2 per 1 minute", "3 per 1 hour"], "{case}");
    });
}

#[test]
fn a_test_takes_nothing() {
    let test = HIT.replace("hit", "test");
    everywhere(&[&test, &test, &test, STATS], |case, answers| {
        assert_eq!(answers[2]["allowed"], true, "{case}");
        assert_eq!(each(&answers[3], "remaining"), [2, 3], "{case}");
    });
}

#[test]
fn a_cost_above_one_limit_is_refused_for_ever_and_takes_nothing() {
    let hit = HIT.replace("}", r#","cost":3}"#);
    everywhere(&[&hit, STATS], |case, answers| {
        assert_eq!(answers[0]["allowed"], false, "{case}");
        assert_eq!(answers[0]["retry_after"], Value::Null, "{case}");
        assert_eq!(each(&answers[0], "allowed"), [false, true], "{case}");
        assert_eq!(each(&answers[1], "remaining"), [2, 3], "{case}");
    });
}

#[test]
fn a_clear_forgets_every_limit() {
    let clear = HIT.replace("hit", "clear");
    everywhere(&[HIT, &clear, STATS], |case, answers| {
        assert_eq!(answers[1], json!({"op": "clear", "ok": true}), "{case}");
        assert_eq!(each(&answers[2], "remaining"), [2, 3], "{case}");
    });
}

#[test]
fn an_answer_of_one_limit_has_no_list() {
    let ran = limits(&["--json", "hit", "2/minute", "me"]);
    let expected = r#"{"op":"hit","allowed":true,"limit":2,"remaining":1,"retry_after":0.0}"#;
    assert_eq!(without_time(ran.answer(0)), expected);
}

#[test]
fn the_single_commands_take_several_limits_too() {
    let ran = limits(&["hit", "2/minute; 3/hour", "me"]);
    let expected = "allowed: 1 of 2 left, resets in 1m\n  \
                    2 per 1 minute: 1 of 2 left, resets in 1m\n  \
                    3 per 1 hour: 2 of 3 left, resets in 1h";
    assert_eq!(ran.answer(0), expected);
    let ran = limits(&["test", "2/minute; 0/hour", "me"]);
    assert!(ran.answer(1).starts_with("would be refused: "), "{ran:?}");
    let ran = limits(&["stats", "2/minute; 3/hour", "me"]);
    assert!(ran.answer(0).starts_with("stats: 2 of 2 left\n"), "{ran:?}");
    let ran = limits(&["run", "0/minute; 3/hour", "me", "--", "true"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let ran = limits(&["run", "1/minute; 3/hour", "me", "--", "true"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn more_limits_than_are_decided_at_once_are_an_error() {
    let limit = ["5/minute"; 65].join(";");
    let request = json!({"op": "hit", "limit": limit, "ids": ["me"]}).to_string();
    let answers = batch(&[], &[&request]);
    assert_eq!(answers[0]["kind"], "unsupported", "{answers:?}");
}

/// Two sets of limits that have one in common, named in different orders.
const SETS: [&str; 2] = ["30/year; 50/2 years", "50/2 years; 60/3 years"];

#[test]
fn four_processes_on_one_server_take_from_all_or_from_none() {
    let server = RedisServer::start().expect("a server");
    let storage = &server.uri();
    for strategy in StrategyName::ALL {
        let options = ["--strategy", strategy.as_str(), "--storage", storage];
        let request = |op: &str, set: usize| {
            let limits = SETS[set];
            json!({"op": op, "limit": limits, "ids": [strategy.as_str()]}).to_string()
        };
        let process = |set: usize| {
            let hits = vec![request("hit", set); 40];
            let hits: Vec<_> = hits.iter().map(String::as_str).collect();
            let answers = batch(&options, &hits);
            answers.iter().filter(|hit| hit["allowed"] == true).count()
        };
        let [first, second] = thread::scope(|scope| {
            let processes = [0, 1, 0, 1].map(|set| scope.spawn(move || process(set)));
            let [a, b, c, d] = processes.map(|process| process.join().expect("a run"));
            [a + c, b + d]
        });
        assert_eq!(first + second, 50, "{strategy}: {first} and {second}");
        let stats = [0, 1].map(|set| request("stats", set));
        let answers = batch(&options, &stats.each_ref().map(String::as_str));
        let left = |answer| json!(each(answer, "remaining"));
        assert_eq!(left(&answers[0]), json!([30 - first, 0]), "{strategy}");
        assert_eq!(left(&answers[1]), json!([0, 60 - second]), "{strategy}");
    }
}
