use core::fmt;
use core::time::Duration;
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

use limits::Timestamp;
use serde_json::{Value, json};

use super::side::{Hits, Side, Stats, Window};

/// The last version of the package that has etcd is in a place of its own.
static WITH_ETCD: Interpreter = LazyLock::new(|| find("PYTHON_LIMITS_WITH_ETCD", &["--with-etcd"]));
static NEWEST: Interpreter = LazyLock::new(|| find("PYTHON_LIMITS", &[]));
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python-limits");
const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/integration/interop/driver.py");
/// Far above what any operation takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

type Interpreter = LazyLock<OsString>;

/// Python's side, with one of its clients of a server: a process that ends with this handle, and
/// with the process that holds it, since that ends its input.
pub(super) struct Python {
    client: &'static str,
    driver: Mutex<Driver>,
}

struct Driver {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

impl Python {
    /// The one with threads, the default one with tasks, and the other one with tasks.
    const OF_REDIS: &'static [&'static str] = &["sync", "coredis", "redispy"];

    /// The one with threads, and the one with tasks.
    const THREADS_AND_TASKS: &'static [&'static str] = &["sync", "async"];

    /// The clients of the server that a URI names.
    pub(super) fn clients(uri: &str) -> &'static [&'static str] {
        if uri.starts_with("mongodb") || uri.starts_with("etcd") {
            Self::THREADS_AND_TASKS
        } else {
            Self::OF_REDIS
        }
    }

    /// Starts a process with one of [`clients`](Self::clients) and does not wait for it.
    pub(super) fn start(client: &'static str, uri: &str, options: &Value) -> Self {
        let interpreter = interpreter(uri);
        let mut process = Command::new(interpreter)
            .args([DRIVER, client, uri, &options.to_string()])
            // The messages of its client of etcd are of an older version.
            .env("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", interpreter.display()));
        let requests = process.stdin.take().expect("the input is piped");
        let answers = process.stdout.take().expect("the output is piped");
        let driver = Driver {
            process,
            requests,
            answers: read_lines(answers),
        };
        Self {
            client,
            driver: Mutex::new(driver),
        }
    }

    /// Waits until the process has reached the server.
    pub(super) fn wait_until_ready(&self) {
        let answer = self.ask(&json!({"op": "check"}));
        assert_eq!(answer, json!(true), "{self} cannot reach the server");
    }

    fn ask_of(&self, operation: &str, window: Window, details: Value) -> Value {
        let mut request = details;
        request["op"] = operation.into();
        request["strategy"] = window.strategy.as_str().into();
        request["limit"] = window.item.to_string().into();
        request["namespace"] = window.item.namespace().into();
        request["identifiers"] = window.identifiers.into();
        self.ask(&request)
    }

    fn ask(&self, request: &Value) -> Value {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = writeln!(driver.requests, "{request}");
        sent.unwrap_or_else(|error| panic!("{self}: {error}: {request}"));
        let answer = driver.answers.recv_timeout(LIMIT);
        let answer = answer.unwrap_or_else(|error| panic!("{self}: {error}: {request}"));
        let mut answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
        match answer.get_mut("result") {
            Some(result) => result.take(),
            None => panic!(
                "{self}: {request}:\n{}",
                answer["error"].as_str().unwrap_or("")
            ),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // They fail only for a process that has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Python ({})", self.client)
    }
}

impl Side for Python {
    fn hit_all(&self, window: Window, hits: &Hits) -> u64 {
        let (at, pause) = (hits.at.as_micros(), hits.pause.as_millis());
        let pause = u64::try_from(pause).expect("a pause is short");
        let details = json!({"costs": hits.costs, "at": at, "pause_ms": pause});
        number(&self.ask_of("hit", window, details))
    }

    fn test(&self, window: Window, cost: u64) -> bool {
        let answer = self.ask_of("test", window, json!({"cost": cost}));
        answer.as_bool().expect("it is true or false")
    }

    fn stats(&self, window: Window) -> Stats {
        let answer = self.ask_of("stats", window, json!({}));
        Stats {
            remaining: number(&answer["remaining"]),
            reset_time: Timestamp::from_micros(number(&answer["reset_time"])),
        }
    }

    fn clear(&self, window: Window) {
        self.ask_of("clear", window, json!({}));
    }

    fn reset(&self) -> u64 {
        number(&self.ask(&json!({"op": "reset"})))
    }
}

fn number(answer: &Value) -> u64 {
    let number = answer.as_u64();
    number.unwrap_or_else(|| panic!("not a number: {answer}"))
}

/// Reads in a thread, since only a channel can be waited for with a limit.
fn read_lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(output).lines();
        lines
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    receiver
}

fn interpreter(uri: &str) -> &'static OsString {
    if uri.starts_with("etcd") {
        &WITH_ETCD
    } else {
        &NEWEST
    }
}

/// The interpreter that a variable names, or the one that the script finds.
fn find(variable: &str, options: &[&str]) -> OsString {
    let named = env::var_os(variable).filter(|path| !path.is_empty());
    named.unwrap_or_else(|| ask_script(options))
}

fn ask_script(options: &[&str]) -> OsString {
    let output = Command::new(SCRIPT)
        .args(options)
        .arg("--no-install")
        .output();
    let output = output.expect("the script can be run");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    let path = String::from_utf8(output.stdout).expect("the path is UTF-8");
    path.trim_end().into()
}
