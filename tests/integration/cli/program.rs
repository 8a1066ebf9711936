//! The program itself, and what it leaves behind when it has run.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use limits_tests::built;
use serde_json::Value;

/// Builds the program once.
pub(super) fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built(&["-p", "limits-cli", "--bin", "limits"]))
}

/// What a run left behind.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    /// The answer on stdout, with nothing on stderr.
    pub(super) fn answer(&self, code: i32) -> &str {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (Some(code), ""),
            "{self:?}"
        );
        self.stdout.strip_suffix('\n').expect("lines have an end")
    }

    /// The error on stderr, with nothing on stdout.
    pub(super) fn error(&self, code: i32) -> &str {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(code), ""),
            "{self:?}"
        );
        self.stderr.strip_suffix('\n').expect("lines have an end")
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// A run of the program that is independent of whoever runs the tests.
pub(super) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(path());
    command
        .args(arguments)
        .env_remove("LIMITS_STORAGE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the program.
pub(super) fn limits(arguments: &[&str]) -> Ran {
    let output = command(arguments).output();
    output.expect("the program can be run").into()
}

/// Runs `limits batch` on all of an input.
pub(super) fn batch_of_bytes(arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = command(&["batch"]);
    let mut batch = command
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    let mut stdin = batch.stdin.take().expect("stdin is a pipe");
    std::thread::scope(|scope| {
        // Beside the reading of answers, or both sides would wait for room in a pipe.
        scope.spawn(move || stdin.write_all(input).expect("the program reads all"));
        batch.wait_with_output().expect("the program ends").into()
    })
}

/// Asks `limits batch` some requests and reads the answers.
pub(super) fn batch(arguments: &[&str], requests: &[&str]) -> Vec<Value> {
    let input: String = requests.iter().map(|line| format!("{line}\n")).collect();
    let ran = batch_of_bytes(arguments, input.as_bytes());
    ran.answer(0).lines().map(json).collect()
}

pub(super) fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// A folder of one test's own, empty.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("cli")
        .join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("cargo's folder can be written to");
    folder
}

/// An answer without its time of reset, which is a decimal of one to six places.
pub(super) fn without_time(answer: &str) -> String {
    let (before, after) = answer.split_once(r#","reset_time":"#).expect("a time");
    let end = after.find([',', '}']).expect("an end");
    let (time, after) = after.split_at(end);
    let (_, places) = time.split_once('.').expect("a decimal");
    assert!((1..=6).contains(&places.len()), "{time}");
    format!("{before}{after}")
}
