//! The contract of `limits batch`, for every strategy.

use core::time::Duration;
use std::time::SystemTime;

use limits::StrategyName;
use serde_json::{Value, json};

use super::program::{batch, batch_of_bytes, without_time};

const HIT: &str = r#"{"op":"hit","limit":"10/minute","ids":["user","42"]}"#;
const STATS: &str = r#"{"op":"stats","limit":"10/minute","ids":["user","42"]}"#;

/// Asks the same of every strategy, chosen by the command line.
fn of_every_strategy(requests: &[&str], check: impl Fn(StrategyName, &[Value])) {
    for strategy in StrategyName::ALL.iter().copied() {
        let answers = batch(&["--strategy", strategy.as_str()], requests);
        assert_eq!(answers.len(), requests.len(), "{answers:?}");
        check(strategy, &answers);
    }
}

/// The values of one member of the answers.
fn each<'a>(answers: &'a [Value], member: &str) -> Vec<&'a Value> {
    answers.iter().map(|answer| &answer[member]).collect()
}

fn seconds(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

#[test]
fn admits_as_many_as_the_limit_says() {
    of_every_strategy(&[HIT; 12], |strategy, answers| {
        let allowed = each(answers, "allowed");
        let (admitted, refused) = allowed.split_at(10);
        assert!(
            admitted.iter().all(|allowed| **allowed == true),
            "{strategy}"
        );
        assert!(
            refused.iter().all(|allowed| **allowed == false),
            "{strategy}"
        );
        let remaining = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0].map(Value::from);
        assert_eq!(
            each(answers, "remaining"),
            remaining.each_ref(),
            "{strategy}"
        );
        assert!(answers.iter().all(|answer| answer["limit"] == 10));
    });
}

#[test]
fn a_refused_hit_says_when_to_come_back() {
    of_every_strategy(&[HIT; 11], |strategy, answers| {
        assert_eq!(answers[9]["retry_after"], 0.0, "{strategy}");
        let retry_after = seconds(&answers[10]["retry_after"]);
        // The sliding counter releases its first unit a microsecond into the next window,
        // and a bucket one every six seconds.
        let least = if strategy == StrategyName::Gcra {
            1.0
        } else {
            50.0
        };
        let most = if strategy == StrategyName::Gcra {
            6.0
        } else {
            60.1
        };
        assert!(
            (least..=most).contains(&retry_after),
            "{strategy}: {retry_after}"
        );
    });
}

#[test]
fn tells_the_reset_in_seconds_since_1970() {
    of_every_strategy(&[HIT, STATS], |strategy, answers| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.expect("it is after 1970").as_secs_f64();
        let ahead = each(answers, "reset_time")
            .into_iter()
            .map(|time| seconds(time) - now);
        for ahead in ahead {
            let least = if strategy == StrategyName::Gcra {
                1.0
            } else {
                50.0
            };
            assert!((least..=120.0).contains(&ahead), "{strategy}: {ahead}");
        }
    });
}

#[test]
fn members_are_in_the_order_of_the_contract() {
    let refused = r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"cost":11}"#;
    let input = format!("{HIT}\n{refused}\n{STATS}\n");
    let ran = batch_of_bytes(&[], input.as_bytes());
    let lines: Vec<String> = ran.answer(0).lines().map(without_time).collect();
    let expected = [
        r#"{"op":"hit","allowed":true,"limit":10,"remaining":9,"retry_after":0.0}"#,
        r#"{"op":"hit","allowed":false,"limit":10,"remaining":10,"retry_after":null}"#,
        r#"{"op":"stats","limit":10,"remaining":9}"#,
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_refused_hit_consumes_nothing() {
    let large = r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"cost":8}"#;
    of_every_strategy(
        &[large, large, STATS, HIT, HIT, HIT],
        |strategy, answers| {
            let allowed = [true, false, true, true, false].map(Value::from);
            let [hits @ .., stats] = [0, 1, 3, 4, 5, 2].map(|place: usize| &answers[place]);
            let hits: Vec<&Value> = hits.iter().map(|answer| &answer["allowed"]).collect();
            assert_eq!(hits, allowed.each_ref(), "{strategy}");
            assert_eq!(stats["remaining"], 2, "{strategy}");
        },
    );
}

#[test]
fn a_cost_above_the_limit_can_never_pass() {
    let hit = r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"cost":11}"#;
    let most =
        r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"cost":18446744073709551615}"#;
    let test = r#"{"op":"test","limit":"0/minute","ids":["user","42"]}"#;
    of_every_strategy(&[HIT, hit, most, test, STATS], |strategy, answers| {
        for answer in &answers[1..4] {
            assert_eq!(answer["allowed"], false, "{strategy}: {answer}");
            assert_eq!(answer["retry_after"], Value::Null, "{strategy}: {answer}");
            assert!(
                answer
                    .as_object()
                    .is_some_and(|members| members.contains_key("retry_after"))
            );
        }
        assert_eq!(answers[4]["remaining"], 9, "{strategy}");
    });
}

#[test]
fn a_cost_of_nothing_is_a_question() {
    let question = r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"cost":0}"#;
    let rest = r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"cost":10}"#;
    of_every_strategy(&[question, rest, question, STATS], |strategy, answers| {
        for question in [&answers[0], &answers[2]] {
            assert_eq!(question["allowed"], true, "{strategy}");
            assert_eq!(question["retry_after"], 0.0, "{strategy}");
        }
        assert_eq!(answers[0]["remaining"], 10, "{strategy}");
        assert_eq!(answers[3]["remaining"], 0, "{strategy}");
    });
}

#[test]
fn a_test_takes_nothing_and_agrees_with_the_hit() {
    let test = r#"{"op":"test","limit":"1/minute","ids":["me"]}"#;
    let hit = r#"{"op":"hit","limit":"1/minute","ids":["me"]}"#;
    of_every_strategy(&[test, test, hit, test, hit], |strategy, answers| {
        let expected = [true, true, true, false, false].map(Value::from);
        assert_eq!(each(answers, "allowed"), expected.each_ref(), "{strategy}");
    });
}

#[test]
fn an_untouched_key_has_its_full_amount() {
    of_every_strategy(&[STATS], |strategy, answers| {
        let stats = answers[0].as_object().expect("an object");
        for member in ["allowed", "retry_after"] {
            assert!(!stats.contains_key(member), "{strategy}: {member}");
        }
        assert_eq!(stats["remaining"], 10, "{strategy}");
    });
}

#[test]
fn clear_forgets_one_key_and_reset_all() {
    let clear = r#"{"op":"clear","limit":"10/minute","ids":["user","42"]}"#;
    let other = r#"{"op":"hit","limit":"10/minute","ids":["user","43"]}"#;
    let reset = r#"{"op":"reset"}"#;
    let requests = [HIT, other, clear, HIT, other, reset, reset, HIT, other];
    of_every_strategy(&requests, |strategy, answers| {
        assert_eq!(answers[2], json!({"op": "clear", "ok": true}), "{strategy}");
        assert_eq!(answers[3]["remaining"], 9, "{strategy}");
        assert_eq!(answers[4]["remaining"], 8, "{strategy}");
        assert_eq!(
            answers[5],
            json!({"op": "reset", "ok": true, "deleted": 2}),
            "{strategy}"
        );
        assert_eq!(
            answers[6],
            json!({"op": "reset", "ok": true, "deleted": 0}),
            "{strategy}"
        );
        assert_eq!(
            [&answers[7]["remaining"], &answers[8]["remaining"]],
            [9, 9],
            "{strategy}"
        );
    });
}

#[test]
fn check_answers_that_all_is_well() {
    assert_eq!(
        batch(&[], &[r#"{"op":"check"}"#]),
        [json!({"op": "check", "ok": true})]
    );
}

#[test]
fn namespaces_keep_counters_apart() {
    let api = r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"namespace":"API"}"#;
    let none = r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"namespace":""}"#;
    let limiter = r#"{"op":"hit","limit":"10/minute","ids":["user","42"],"namespace":"LIMITER"}"#;
    of_every_strategy(&[HIT, HIT, api, none, limiter], |strategy, answers| {
        let expected = [9, 8, 9, 9, 7].map(Value::from);
        assert_eq!(
            each(answers, "remaining"),
            expected.each_ref(),
            "{strategy}"
        );
    });
    let answers = batch(&["--namespace", "API"], &[HIT, api, limiter]);
    assert_eq!(
        each(&answers, "remaining"),
        [9, 8, 9].map(Value::from).each_ref()
    );
}

#[test]
fn a_request_names_its_own_strategy() {
    let request = |strategy: StrategyName, limit: u64| {
        format!(r#"{{"op":"hit","limit":"{limit}/minute","ids":["me"],"strategy":"{strategy}"}}"#)
    };
    for strategy in StrategyName::ALL.iter().copied() {
        let hit = request(strategy, 2);
        let answers = batch(&[], &[&hit, &hit, &hit]);
        let expected = [true, true, false].map(Value::from);
        assert_eq!(each(&answers, "allowed"), expected.each_ref(), "{strategy}");
    }
}

#[test]
fn a_window_frees_after_its_sleep() {
    let hit = r#"{"op":"hit","limit":"1/second","ids":["me"]}"#;
    // Twice the second, for the sliding counter's previous window to be over as well.
    let sleep = r#"{"op":"sleep","ms":2001}"#;
    let start = std::time::Instant::now();
    std::thread::scope(|scope| {
        for strategy in StrategyName::ALL.iter().copied() {
            scope.spawn(move || {
                let answers = batch(&["--strategy", strategy.as_str()], &[hit, hit, sleep, hit]);
                let allowed = [&answers[0], &answers[1], &answers[3]].map(|hit| &hit["allowed"]);
                assert_eq!(allowed, [true, false, true], "{strategy}");
                assert_eq!(answers[2], json!({"op": "sleep", "ok": true}));
            });
        }
    });
    assert!(
        start.elapsed() >= Duration::from_millis(2_001),
        "it did not sleep"
    );
}
