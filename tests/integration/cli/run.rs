//! `limits run`.

use core::time::Duration;
use std::time::Instant;

use super::program::{self, limits};

#[test]
fn passes_on_what_the_command_writes_and_its_exit_code() {
    let script = "echo out; echo err >&2; exit 7";
    let ran = limits(&["run", "1/minute", "me", "--", "sh", "-c", script]);
    assert_eq!(ran.code, Some(7));
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("out\n", "err\n")
    );
}

#[test]
fn passes_on_the_arguments_as_they_are() {
    let arguments = [
        "run", "1/minute", "me", "--", "printf", "%s.", "--wait", "a b", "--", "",
    ];
    let ran = limits(&arguments);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "--wait.a b.--..")
    );
}

#[test]
fn takes_its_options_before_the_command() {
    let ran = limits(&[
        "run", "1/minute", "me", "--wait", "1m 30s", "--cost", "1", "--json", "--", "echo", "ran",
    ]);
    assert_eq!(ran.answer(0), "ran");
}

#[test]
fn does_not_run_what_is_refused() {
    let start = Instant::now();
    for wait in ["0s", "1h"] {
        let ran = limits(&["run", "0/minute", "me", "--wait", wait, "--", "echo", "ran"]);
        let expected = "refused: the cost is above the limit, it can never pass";
        assert_eq!(ran.error(1), expected);
    }
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "it waited in vain"
    );
}

#[test]
fn a_refusal_can_be_had_in_json() {
    let ran = limits(&["run", "0/minute", "me", "--json", "--", "echo", "ran"]);
    let answer = program::json(ran.answer(1));
    assert_eq!(answer["op"], "hit");
    assert_eq!(answer["allowed"], false);
}

#[test]
fn says_what_cannot_be_run_in_the_way_of_shells() {
    let ran = limits(&["run", "1/minute", "me", "--", "./no-such-program"]);
    assert!(ran.error(127).contains("./no-such-program"), "{ran:?}");
    let folder = env!("CARGO_MANIFEST_DIR");
    let ran = limits(&["run", "1/minute", "me", "--", folder]);
    assert!(ran.error(126).contains(folder), "{ran:?}");
}
