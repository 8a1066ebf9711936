//! What becomes of servers when the process that started them ends without dropping them.

use core::time::Duration;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{self, Child, Command, Stdio};
use std::thread;

use limits_tests::servers::RedisServer;

use super::{LIMIT, eventually, process_exists};

/// Tells a process that it is the owner in question, and how to end.
const END: &str = "LIMITS_TEST_OWNER_END";
const MARK: &str = "server: ";

#[test]
fn a_server_ends_with_its_killed_owner() {
    own_if_told();
    let (mut owner, pid) = start_owner("a_server_ends_with_its_killed_owner", "kill");
    assert!(process_exists(pid));
    owner.kill().expect("it runs");
    owner.wait().expect("it runs");
    eventually("the server ends", || !process_exists(pid));
}

#[test]
fn a_stopped_server_ends_with_its_exiting_owner() {
    own_if_told();
    let (mut owner, pid) = start_owner("a_stopped_server_ends_with_its_exiting_owner", "exit");
    owner.wait().expect("it runs");
    eventually("the server ends", || !process_exists(pid));
}

fn start_owner(test: &str, end: &str) -> (Child, u32) {
    let mut owner = Command::new(env::current_exe().expect("it is a file"))
        .args(["--exact", "--nocapture", &format!("owner::{test}")])
        .env(END, end)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let output = BufReader::new(owner.stdout.take().expect("it is piped"));
    let line = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once(MARK)?.1.to_owned()));
    let pid = line.expect("the owner starts a server");
    (owner, pid.parse().expect("it is a process id"))
}

fn own_if_told() {
    let Ok(end) = env::var(END) else { return };
    let server = RedisServer::start().expect("Redis starts");
    if end == "exit" {
        server.stop().expect("it runs");
    }
    println!("{MARK}{}", server.pid());
    if end == "exit" {
        process::exit(0);
    }
    thread::sleep(LIMIT + Duration::from_secs(5));
}
