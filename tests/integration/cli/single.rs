//! The commands that ask one question.

use limits::StrategyName;

use super::program::{self, command, limits, without_time};

#[test]
fn parse_shows_each_limit_in_parts() {
    let ran = limits(&["parse", "10/minute; 100 per 2 hours"]);
    let expected = "\
10 per 1 minute
  amount       10
  multiples    1
  granularity  minute
  period       60 s
  key          LIMITER/ID…/10/1/minute
100 per 2 hour
  amount       100
  multiples    2
  granularity  hour
  period       7200 s
  key          LIMITER/ID…/100/2/hour";
    assert_eq!(ran.answer(0), expected);
}

#[test]
fn parse_writes_one_object_a_limit() {
    let ran = limits(&[
        "parse",
        "--json",
        "--namespace",
        "API",
        "10/minute|5 per day",
    ]);
    let lines: Vec<&str> = ran.answer(0).lines().collect();
    let expected = [
        r#"{"limit":"10 per 1 minute","amount":10,"multiples":1,"granularity":"minute","period_seconds":60,"key":"API/ID…/10/1/minute"}"#,
        r#"{"limit":"5 per 1 day","amount":5,"multiples":1,"granularity":"day","period_seconds":86400,"key":"API/ID…/5/1/day"}"#,
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_wrong_limit_is_pointed_at() {
    for command in [
        &["parse", "10/min"][..],
        &["hit", "10/min", "me"],
        &["test", "10/min", "me"],
        &["stats", "10/min", "me"],
        &["clear", "10/min", "me"],
        &["run", "10/min", "me", "--", "true"],
        &["demo", "--limit", "10/min"],
    ] {
        let ran = limits(command);
        let error = ran.error(2);
        assert!(error.starts_with("error: unknown unit"), "{error}");
        assert!(error.ends_with("\n10/min\n   ^^^"), "{error}");
    }
}

#[test]
fn a_number_beyond_what_is_counted_is_pointed_at() {
    let ran = limits(&["hit", "18446744073709551616/day", "me"]);
    let expected = "error: the amount is too large, the largest is 18446744073709551615 \
                    (at byte 0)\n18446744073709551616/day\n^^^^^^^^^^^^^^^^^^^^";
    assert_eq!(ran.error(2), expected);
}

#[test]
fn several_limits_are_refused_where_one_is_wanted() {
    let ran = limits(&["bench", "1/second; 2/minute"]);
    assert!(ran.error(2).contains("found several"), "{ran:?}");
}

#[test]
fn a_hit_says_what_is_left() {
    let ran = limits(&["hit", "10/minute", "user", "42", "--cost", "3"]);
    assert_eq!(ran.answer(0), "allowed: 7 of 10 left, resets in 1m");
}

#[test]
fn a_hit_of_nothing_takes_nothing() {
    let ran = limits(&["hit", "10/minute", "user", "42", "--cost", "0"]);
    assert_eq!(ran.answer(0), "allowed: 10 of 10 left");
}

#[test]
fn a_hit_above_the_limit_is_refused_for_ever() {
    let ran = limits(&["hit", "10/minute", "me", "--cost", "11"]);
    let expected = "refused: the cost is above the limit, it can never pass";
    assert_eq!(ran.answer(1), expected);
}

#[test]
fn a_test_answers_by_its_exit_code_too() {
    let ran = limits(&["test", "10/minute", "me"]);
    assert_eq!(ran.answer(0), "would be allowed: 10 of 10 left");
    let ran = limits(&["test", "0/minute", "me"]);
    assert!(ran.answer(1).starts_with("would be refused: "), "{ran:?}");
}

#[test]
fn the_other_commands_say_what_they_did() {
    let answer = |arguments: &[&str]| limits(arguments).answer(0).to_owned();
    assert_eq!(answer(&["stats", "5/hour", "me"]), "stats: 5 of 5 left");
    assert_eq!(answer(&["clear", "5/hour", "me"]), "clear: ok");
    assert_eq!(answer(&["check"]), "check: ok");
    assert_eq!(answer(&["reset", "--yes"]), "reset: keys deleted: 0");
}

#[test]
fn answers_in_json_are_those_of_batch() {
    for strategy in StrategyName::ALL.iter().copied() {
        let answer = |arguments: &[&str], code| {
            let options = ["--json", "--strategy", strategy.as_str()];
            without_time(limits(&[&options, arguments].concat()).answer(code))
        };
        assert_eq!(
            answer(&["hit", "10/minute", "me", "--cost", "4"], 0),
            r#"{"op":"hit","allowed":true,"limit":10,"remaining":6,"retry_after":0.0}"#
        );
        assert_eq!(
            answer(&["test", "0/hour", "me"], 1),
            r#"{"op":"test","allowed":false,"limit":0,"remaining":0,"retry_after":null}"#
        );
        assert_eq!(
            answer(&["stats", "5/hour", "me"], 0),
            r#"{"op":"stats","limit":5,"remaining":5}"#
        );
    }
}

#[test]
fn answers_in_json_that_have_no_window_are_those_of_batch_too() {
    let answer = |arguments: &[&str]| limits(arguments).answer(0).to_owned();
    let clear = answer(&["clear", "5/hour", "me", "--json"]);
    assert_eq!(clear, r#"{"op":"clear","ok":true}"#);
    assert_eq!(answer(&["check", "--json"]), r#"{"op":"check","ok":true}"#);
    let reset = answer(&["--json", "reset", "--yes"]);
    assert_eq!(reset, r#"{"op":"reset","ok":true,"deleted":0}"#);
}

#[test]
fn reset_wants_to_be_confirmed() {
    let ran = limits(&["reset"]);
    assert!(ran.error(2).contains("--yes"), "{ran:?}");
}

#[test]
fn wrong_usage_is_told_on_stderr() {
    for (arguments, told) in [
        (&["hit"][..], "<LIMITS>"),
        (&["hit", "1/second"], "<ID>"),
        (&["hit", "1/second", "me", "--cost", "-1"], "--cost"),
        (&["hit", "1/second", "me", "--cost", "1.5"], "whole number"),
        (
            &["hit", "1/second", "me", "--cost", "18446744073709551616"],
            "whole number",
        ),
        (
            &["hit", "1/second", "me", "--strategy", "token-bucket"],
            "moving-window",
        ),
        (&["run", "1/second", "me"], "<CMD>"),
        (
            &["run", "1/second", "me", "--wait", "5", "--", "true"],
            "--wait",
        ),
        (&["completions", "csh"], "bash"),
        (&["hits"], "hit"),
        (&[], "Usage"),
    ] {
        let ran = limits(arguments);
        assert!(ran.error(2).contains(told), "{ran:?}");
    }
}

#[test]
fn the_storage_is_named_by_the_option_or_by_the_environment() {
    let named = |storage: &str, arguments: &[&str]| {
        let output = command(arguments).env("LIMITS_STORAGE", storage).output();
        program::Ran::from(output.expect("the program can be run"))
    };
    assert_eq!(named("async+memory://", &["check"]).answer(0), "check: ok");
    let wrong = named("carrier-pigeon://coop", &["check"]);
    assert!(
        wrong.error(2).contains("carrier-pigeon: unknown"),
        "{wrong:?}"
    );
    assert!(wrong.error(2).contains("LIMITS_STORAGE"), "{wrong:?}");
    let option = ["check", "--storage", "memory://"];
    assert_eq!(
        named("carrier-pigeon://coop", &option).answer(0),
        "check: ok"
    );
}

#[test]
fn a_wrong_storage_is_told_before_anything_is_done() {
    for command in [
        &["hit", "1/second", "me"][..],
        &["batch"],
        &["run", "1/second", "me", "--", "echo", "started"],
    ] {
        let ran = limits(&[&["--storage", "memory://?size=1"], command].concat());
        assert!(
            ran.error(2).contains("unknown option, known: max_keys"),
            "{ran:?}"
        );
    }
}

#[test]
fn a_full_storage_is_a_failure() {
    let ran = limits(&["hit", "1/second", "me", "--storage", "memory://?max_keys=0"]);
    assert!(ran.error(3).starts_with("error: memory: "), "{ran:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let output = command(&["check"])
        .stdout(full.expect("Linux has /dev/full"))
        .output();
    let ran = program::Ran::from(output.expect("the program can be run"));
    assert!(ran.error(3).contains("can't write the answer"), "{ran:?}");
}
