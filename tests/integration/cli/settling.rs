//! Hits that are settled when it is known what they used.

use limits::StrategyName;
use limits_tests::servers::RedisServer;
use serde_json::{Value, json};

use super::program::batch;

fn reserve(name: &str, cost: u64) -> String {
    json!({"op": "hit", "limit": "100/hour", "ids": ["me"], "cost": cost, "reserve": name})
        .to_string()
}

fn settle(name: &str, used: u64) -> String {
    json!({"op": "settle", "reserve": name, "used": used}).to_string()
}

const STATS: &str = r#"{"op":"stats","limit":"100/hour","ids":["me"]}"#;

/// Asks the same of every strategy, in memory and on a server.
fn everywhere(requests: &[&str], check: impl Fn(&str, &[Value])) {
    let server = RedisServer::start().expect("a server");
    for strategy in StrategyName::ALL.iter().copied() {
        let on_server = format!("{}?key_prefix={strategy}", server.uri());
        for storage in ["memory://", &on_server] {
            let options = ["--strategy", strategy.as_str(), "--storage", storage];
            let answers = batch(&options, requests);
            check(&format!("{strategy} on {storage}: {answers:?}"), &answers);
        }
    }
}

#[test]
fn what_was_not_used_is_given_back() {
    let requests = [&reserve("a", 30)[..], &settle("a", 12), STATS];
    everywhere(&requests, |case, answers| {
        assert_eq!(answers[0]["remaining"], 70, "{case}");
        let expected = json!({"op": "settle", "ok": true, "given_back": 18});
        assert_eq!(answers[1], expected, "{case}");
        assert_eq!(answers[2]["remaining"], 88, "{case}");
    });
}

#[test]
fn what_was_used_beyond_it_is_taken() {
    let requests = [&reserve("a", 30)[..], &settle("a", 50), STATS];
    everywhere(&requests, |case, answers| {
        assert_eq!(answers[1]["given_back"], -20, "{case}");
        assert_eq!(answers[2]["remaining"], 50, "{case}");
    });
}

#[test]
fn of_five_reserves_of_30_out_of_100_three_are_admitted() {
    let names = ["a", "b", "c", "d", "e"].map(|name| reserve(name, 30));
    let requests = names.each_ref().map(String::as_str);
    everywhere(&requests, |case, answers| {
        let admitted = answers.iter().filter(|answer| answer["allowed"] == true);
        assert_eq!(admitted.count(), 3, "{case}");
    });
}

#[test]
fn a_reserve_is_settled_once_and_a_refused_one_never() {
    let requests = [
        &reserve("a", 60)[..],
        &reserve("a", 1),
        &reserve("b", 60),
        &settle("a", 0),
        &settle("a", 0),
        &settle("b", 0),
        STATS,
    ];
    everywhere(&requests, |case, answers| {
        let invalid = |answer: &Value| answer["kind"] == "invalid";
        assert!(invalid(&answers[1]), "{case}");
        assert_eq!(answers[2]["allowed"], false, "{case}");
        assert_eq!(answers[3]["given_back"], 60, "{case}");
        assert!(invalid(&answers[4]) && invalid(&answers[5]), "{case}");
        assert_eq!(answers[6]["remaining"], 100, "{case}");
    });
}

#[test]
fn nothing_is_given_back_once_the_window_is_over() {
    let hit = r#"{"op":"hit","limit":"5/second","ids":["me"],"cost":5,"reserve":"a"}"#;
    // Twice the second, for the sliding counter's previous window to be over as well.
    let sleep = r#"{"op":"sleep","ms":2010}"#;
    let again = r#"{"op":"hit","limit":"5/second","ids":["me"],"cost":5}"#;
    let stats = r#"{"op":"stats","limit":"5/second","ids":["me"]}"#;
    for strategy in StrategyName::ALL.iter().copied() {
        let requests = [hit, sleep, again, &settle("a", 0), stats];
        let answers = batch(&["--strategy", strategy.as_str()], &requests);
        assert_eq!(answers[3]["given_back"], 0, "{strategy}: {answers:?}");
        assert_eq!(answers[4]["remaining"], 0, "{strategy}: {answers:?}");
    }
}

#[test]
fn several_limits_are_settled_together() {
    let hit = json!({
        "op": "hit", "limit": "100/minute; 200/hour", "ids": ["me"], "cost": 30, "reserve": "a"
    });
    let stats = r#"{"op":"stats","limit":"100/minute; 200/hour","ids":["me"]}"#;
    everywhere(
        &[&hit.to_string(), &settle("a", 10), stats],
        |case, answers| {
            assert_eq!(answers[1]["given_back"], 20, "{case}");
            let of = |limit: &str| json!({"limit": limit, "given_back": 20});
            let expected = json!([of("100 per 1 minute"), of("200 per 1 hour")]);
            assert_eq!(answers[1]["limits"], expected, "{case}");
            assert_eq!(answers[2]["limits"][0]["remaining"], 90, "{case}");
            assert_eq!(answers[2]["limits"][1]["remaining"], 190, "{case}");
        },
    );
}

#[test]
fn a_settle_says_what_is_missing_or_unknown() {
    let answers = batch(
        &[],
        &[
            r#"{"op":"settle","used":1}"#,
            r#"{"op":"settle","reserve":"a"}"#,
            r#"{"op":"settle","reserve":"a","used":1}"#,
            r#"{"op":"settle","reserve":"a","used":-1}"#,
            r#"{"op":"hit","limit":"1/hour","ids":["me"],"reserve":7}"#,
        ],
    );
    let errors: Vec<_> = answers.iter().filter_map(|a| a["error"].as_str()).collect();
    assert_eq!(
        errors,
        [
            "`reserve` is missing",
            "`used` is missing",
            "`reserve` names no hit that waits to be settled",
            "`used` must be a whole number from 0 to 18446744073709551615",
            "`reserve` must be a string",
        ]
    );
}
