//! `limits batch` as a process that others talk to.

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;

use super::program::{self, batch_of_bytes, command};

/// How long an answer may take before it counts as missing.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running batch that is asked line by line.
struct Session {
    batch: Child,
    stdin: ChildStdin,
    answers: Receiver<String>,
}

impl Session {
    fn start() -> Self {
        let mut batch = command(&["batch"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let stdin = batch.stdin.take().expect("stdin is a pipe");
        let stdout = batch.stdout.take().expect("stdout is a pipe");
        let (send, answers) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines
                .map(|line| send.send(line))
                .take_while(Result::is_ok)
                .count()
        });
        Self {
            batch,
            stdin,
            answers,
        }
    }

    fn ask(&mut self, request: &str) -> Value {
        writeln!(self.stdin, "{request}").expect("the program reads");
        let answer = self.answers.recv_timeout(PATIENCE);
        program::json(&answer.expect("an answer while stdin is open"))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.batch.kill();
        let _ = self.batch.wait();
    }
}

#[test]
fn answers_each_line_before_the_next_one_comes() {
    let mut session = Session::start();
    for remaining in [2, 1, 0] {
        let answer = session.ask(r#"{"op":"hit","limit":"3/hour","ids":["me"]}"#);
        assert_eq!(answer["remaining"], remaining);
    }
    let error = session.ask("nonsense");
    assert_eq!(error["kind"], "malformed");
    let answer = session.ask(r#"{"op":"test","limit":"3/hour","ids":["me"]}"#);
    assert_eq!(answer["allowed"], false);
}

#[test]
fn a_hit_passes_after_exactly_the_time_it_was_told() {
    thread::scope(|scope| {
        for strategy in limits::StrategyName::ALL.iter().copied() {
            scope.spawn(move || passes_after_the_time_it_was_told(strategy));
        }
    });
}

fn passes_after_the_time_it_was_told(strategy: limits::StrategyName) {
    let hit = r#"{"op":"hit","limit":"1 per 2 seconds","ids":["me"],"strategy":"STRATEGY"}"#;
    let hit = hit.replace("STRATEGY", strategy.as_str());
    let mut session = Session::start();
    assert_eq!(session.ask(&hit)["allowed"], true, "{strategy}");
    let refused = session.ask(&hit);
    assert_eq!(refused["allowed"], false, "{strategy}");
    let retry_after = refused["retry_after"].as_f64().expect("a time");
    assert!(
        (0.5..=2.1).contains(&retry_after),
        "{strategy}: {retry_after}"
    );
    thread::sleep(Duration::from_secs_f64(retry_after));
    assert_eq!(session.ask(&hit)["allowed"], true, "{strategy}");
}

#[test]
fn ends_when_nobody_asks_any_more() {
    let ran = batch_of_bytes(&[], b"");
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "", "")
    );
}

#[test]
fn answers_the_last_line_without_its_end() {
    let ran = batch_of_bytes(&[], br#"{"op":"check"}"#);
    assert_eq!(ran.answer(0), r#"{"op":"check","ok":true}"#);
}

#[test]
fn skips_blank_lines() {
    let ran = batch_of_bytes(&[], b"\n \t\r\n{\"op\":\"check\"}\r\n\n\n");
    assert_eq!(ran.answer(0), r#"{"op":"check","ok":true}"#);
}

#[test]
fn ends_quietly_when_nobody_reads_any_more() {
    let mut batch = command(&["batch"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    drop(batch.stdout.take());
    let mut stdin = batch.stdin.take().expect("stdin is a pipe");
    // It may be gone before it has read all of these.
    let written = (0..10_000).try_for_each(|_| writeln!(stdin, r#"{{"op":"check"}}"#));
    drop(stdin);
    let output = batch.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0), "{written:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn other_commands_end_quietly_too() {
    for arguments in [
        &["completions", "bash"][..],
        &["parse", "1/second"],
        &["check"],
    ] {
        let mut command = command(arguments);
        let mut program = command.spawn().expect("the program can be run");
        drop(program.stdout.take());
        let output = program.wait_with_output().expect("the program ends");
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn a_line_that_is_too_long_is_answered_and_skipped() {
    const LONGEST: usize = 1 << 20;
    let fitting = |length: usize| {
        let (before, after) = (r#"{"op":"check","id":""#, r#""}"#);
        let mark = "x".repeat(length - before.len() - after.len());
        format!("{before}{mark}{after}\n")
    };
    let mut input = fitting(LONGEST);
    input += &fitting(LONGEST + 1);
    input += &fitting(10 * LONGEST);
    input += "{\"op\":\"check\"}\n";
    input += &"[".repeat(LONGEST + 1);
    let ran = batch_of_bytes(&[], input.as_bytes());
    let answers: Vec<Value> = ran.answer(0).lines().map(program::json).collect();
    let kinds: Vec<Option<&str>> = answers
        .iter()
        .map(|answer| answer["kind"].as_str())
        .collect();
    let too_long = Some("malformed");
    assert_eq!(kinds, [None, too_long, too_long, None, too_long]);
    assert!(
        answers[1]["error"]
            .as_str()
            .is_some_and(|error| error.contains("1048576"))
    );
}

#[test]
fn a_deeply_nested_line_is_only_a_line() {
    let deep = "[".repeat(1 << 19) + &"]".repeat(1 << 19);
    let marked = format!(
        "{{\"op\":\"check\",\"id\":{}}}\n",
        &deep[1..(1 << 20) - 1].replace("[]", "[[]]")
    );
    let nested = format!(
        "{{\"op\":\"stats\",\"limit\":\"1/second\",\"ids\":{}}}\n",
        &deep[100..(1 << 20) - 100]
    );
    let ran = batch_of_bytes(
        &[],
        format!("{marked}{nested}{{\"op\":\"check\"}}\n").as_bytes(),
    );
    assert_eq!(ran.answer(0).lines().count(), 3);
}

#[test]
fn invalid_utf8_is_answered_and_skipped() {
    let ran = batch_of_bytes(
        &[],
        b"{\"op\":\"check\",\"id\":\"\xff\"}\n\xc3\x28\n\0\n{\"op\":\"check\"}\n",
    );
    let lines: Vec<&str> = ran.answer(0).lines().collect();
    let [first, second, third, last] = lines[..] else {
        panic!("{lines:?}");
    };
    assert!(first.contains("not UTF-8 at byte 20"), "{first}");
    assert!(second.contains("not UTF-8 at byte 0"), "{second}");
    assert!(third.contains("malformed"), "{third}");
    assert_eq!(last, r#"{"op":"check","ok":true}"#);
}

/// Every line with one byte changed, left out or put in gets one answer of JSON.
#[test]
fn damaged_lines_get_one_answer_each() {
    const LINE: &[u8] =
        br#"{"op":"hit","limit":"10/minute","ids":["u",4],"cost":1,"strategy":"moving-window","id":[1]}"#;
    let mut input = Vec::new();
    let mut lines = 0;
    let mut add = |line: &[u8]| {
        input.extend_from_slice(line);
        input.push(b'\n');
        lines += 1;
    };
    for place in 0..LINE.len() {
        for byte in [
            b'"', b'{', b']', b',', b':', b'\\', b'-', b'9', b'.', b'e', 0, 0xff,
        ] {
            add(&[&LINE[..place], &[byte], &LINE[place + 1..]].concat());
            add(&[&LINE[..place], &[byte], &LINE[place..]].concat());
        }
        add(&[&LINE[..place], &LINE[place + 1..]].concat());
    }
    let ran = batch_of_bytes(&[], &input);
    let answers: Vec<Value> = ran.answer(0).lines().map(program::json).collect();
    assert_eq!(answers.len(), lines);
    assert!(
        answers
            .iter()
            .all(|answer| answer["op"] == "hit" || answer["kind"].is_string())
    );
}
