//! Examples that serve, and a client.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Instant;

use limits_tests::Example;
use limits_tests::servers::RedisServer;

/// What is answered to `GET`: head and body.
fn get(example: &Example, path: &str) -> String {
    let host = example.address().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer.to_ascii_lowercase()
}

#[test]
fn actix_limits_each_client_on_the_storage_it_is_given() {
    let redis = RedisServer::start().expect("Redis starts");
    for uri in ["memory://", &redis.uri()] {
        let example = Example::start("actix", &["--storage", uri, "--limit", "3/hour"]);
        for left in (0..3).rev() {
            let answer = get(&example, "/");
            assert!(answer.starts_with("http/1.1 200"), "{answer}");
            assert!(
                answer.contains(&format!("x-ratelimit-remaining: {left}\r\n")),
                "{answer}"
            );
            assert!(answer.ends_with("hello, world!\n"), "{answer}");
        }
        let refused = get(&example, "/");
        assert!(refused.starts_with("http/1.1 429"), "{refused}");
        let after = refused
            .split_once("retry-after: ")
            .and_then(|(_, rest)| rest.split_once("\r\n"));
        let after = after.and_then(|(seconds, _)| seconds.parse::<u64>().ok());
        assert!(
            after.is_some_and(|seconds| (1_000..=3_601).contains(&seconds)),
            "{refused}"
        );
    }
}

#[test]
fn observe_tells_what_is_refused() {
    let example = Example::start("observe", &[]);
    let refused =
        "limits_decisions{storage=\"example\",strategy=\"moving-window\",result=\"limited\"}";
    let start = Instant::now();
    while !get(&example, "/metrics").contains(refused) {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "nothing is refused"
        );
        sleep(Duration::from_millis(50));
    }
    let keys = get(&example, "/refused");
    assert!(keys.contains("limiter/greedy/20/1/second"), "{keys}");
    assert!(!get(&example, "/metrics").contains("greedy"));
}

#[test]
fn a_paced_client_gets_its_answers_and_does_what_retry_after_says() {
    let server = Example::start("axum", &["--limit", "2/second"]);
    let url = format!("{}/api/data", server.address());
    let start = Instant::now();
    let output = Example::output("paced_client", &["--url", &url, "--requests", "6"]);
    let lines: Vec<_> = output.split(' ').collect();
    let [answered, "answered,", refused, "refused\n"] = lines[..] else {
        panic!("{output}");
    };
    assert_eq!(answered, "6");
    // Each time the server refuses once, and is left alone for a second or two.
    let refused: u32 = refused.parse().expect("a number");
    assert!((1..=4).contains(&refused), "{output}");
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}
