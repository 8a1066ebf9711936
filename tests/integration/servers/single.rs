use core::time::Duration;
use std::fs;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use limits_tests::servers::{Error, RedisOptions, RedisServer};

use super::{LIMIT, process_exists};

fn start(options: &RedisOptions) -> RedisServer {
    let begin = Instant::now();
    let server = options.start().expect("Redis starts");
    println!("started after {:?}", begin.elapsed());
    assert!(begin.elapsed() < LIMIT);
    server
}

fn ask(server: &RedisServer, arguments: &[&str]) -> String {
    server.cli(arguments).expect("Redis answers")
}

#[test]
fn answers_and_is_gone_after_drop() {
    let server = start(&RedisOptions::new());
    assert_eq!(ask(&server, &["PING"]), "PONG");
    assert_eq!(
        server.uri(),
        format!("redis://127.0.0.1:{}/0", server.port())
    );
    let (pid, folder) = (server.pid(), server.folder().to_owned());
    assert!(process_exists(pid) && folder.exists());
    let begin = Instant::now();
    drop(server);
    assert!(!process_exists(pid) && !folder.exists());
    assert!(begin.elapsed() < LIMIT);
}

#[test]
fn a_stopped_server_is_gone_after_drop() {
    let server = start(&RedisOptions::new());
    server.stop().expect("it runs");
    let pid = server.pid();
    drop(server);
    assert!(!process_exists(pid));
}

#[test]
fn answers_again_after_kill_and_restart() {
    let server = start(&RedisOptions::new());
    let (pid, port) = (server.pid(), server.port());
    ask(&server, &["SET", "key", "1"]);
    server.kill().expect("it runs");
    assert!(!server.is_running() && !process_exists(pid));
    assert!(matches!(server.stop(), Err(Error::Ended { .. })));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    server.restart().expect("Redis starts");
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    assert_eq!(ask(&server, &["EXISTS", "key"]), "0");
}

#[test]
fn a_stopped_server_answers_after_it_was_resumed() {
    let server = start(&RedisOptions::new());
    server.stop().expect("it runs");
    assert!(!server.is_running());
    let answer = server.cli_within(Duration::from_secs(1), &["PING"]);
    assert!(matches!(answer, Err(Error::TimedOut { .. })), "{answer:?}");
    server.resume().expect("it was stopped");
    assert_eq!(ask(&server, &["PING"]), "PONG");
}

#[test]
fn persistence_survives_a_kill() {
    let server = start(&RedisOptions::new().with_persistence());
    ask(&server, &["SET", "key", "1"]);
    server.kill().expect("it runs");
    server.restart().expect("Redis starts");
    assert_eq!(ask(&server, &["GET", "key"]), "1");
}

#[test]
fn lets_in_only_its_user() {
    let server = start(&RedisOptions::new().with_user("app", r#"p "\@:/"#));
    assert_eq!(ask(&server, &["ACL", "WHOAMI"]), "app");
    let expected = format!("redis://app:p%20%22%5C%40%3A%2F@{}/0", server.address());
    assert_eq!(server.uri(), expected);
    let answer = server.cli(&["AUTH", "default", ""]);
    assert!(matches!(answer, Err(Error::Command { .. })), "{answer:?}");
}

#[test]
fn demands_its_password() {
    let server = start(&RedisOptions::new().with_password("secret"));
    assert_eq!(ask(&server, &["ACL", "WHOAMI"]), "default");
    assert!(server.uri().starts_with("redis://:secret@"));
    let answer = server.cli(&["AUTH", "wrong"]);
    assert!(matches!(answer, Err(Error::Command { .. })), "{answer:?}");
}

#[test]
fn speaks_tls() {
    let server = start(&RedisOptions::new().with_tls());
    let files = server.tls_files().expect("TLS is on");
    assert!(server.uri().starts_with("rediss://127.0.0.1:"));
    assert!(fs::read_to_string(files.ca()).is_ok_and(|pem| pem.starts_with("-----BEGIN CERT")));
    assert_eq!(
        ask(&server, &["CONFIG", "GET", "tls-auth-clients"]),
        "tls-auth-clients\nno"
    );
    assert_eq!(ask(&server, &["CONFIG", "GET", "port"]), "port\n0");
}

#[test]
fn demands_client_certificates() {
    let server = start(&RedisOptions::new().with_client_certificates());
    assert_eq!(
        ask(&server, &["CONFIG", "GET", "tls-auth-clients"]),
        "tls-auth-clients\nyes"
    );
}

#[test]
fn listens_on_a_unix_socket() {
    let server = start(&RedisOptions::new().with_unix_socket());
    let file = server.socket_file().expect("it has a socket");
    UnixStream::connect(file).expect("Redis listens");
}

#[test]
fn refuses_writes_above_its_memory() {
    let server = start(&RedisOptions::new().with_max_memory(1));
    let answer = server
        .cli(&["SET", "key", "1"])
        .expect_err("no memory is left");
    assert!(answer.to_string().contains("OOM"), "{answer}");
}

#[test]
fn a_replica_follows_its_primary() {
    let primary = start(&RedisOptions::new().with_user("app", "secret"));
    ask(&primary, &["SET", "key", "1"]);
    let replica = start(&RedisOptions::new().with_replica_of(&primary));
    assert!(ask(&primary, &["INFO", "replication"]).contains("state=online"));
    assert_eq!(ask(&replica, &["GET", "key"]), "1");
    let answer = replica
        .cli(&["SET", "key", "2"])
        .expect_err("it only reads");
    assert!(answer.to_string().contains("READONLY"), "{answer}");
}

#[test]
fn a_wrong_setting_fails_with_the_log() {
    let options = RedisOptions::new().with_setting("maxmemory", "much");
    let error = options.start().expect_err("Redis refuses the setting");
    assert!(error.to_string().contains("maxmemory"), "{error}");
}
