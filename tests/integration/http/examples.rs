//! The examples of HTTP servers, as processes.

use std::process::Command;

use http::Request;
use limits_tests::Example;
use limits_tests::servers::RedisServer;
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use super::server::{Answer, send};

/// A request to the example of axum.
fn request(example: &Example) -> http::request::Builder {
    Request::builder().uri(format!("{}/api/data", example.address()))
}

async fn get(example: &Example) -> Answer {
    send(request(example)).await
}

#[tokio::test]
async fn limits_each_client_on_the_storage_it_is_given() {
    let redis = RedisServer::start().expect("Redis starts");
    for uri in ["memory://", &redis.uri()] {
        let example = Example::start("axum", &["--storage", uri, "--limit", "5/minute"]);
        for number in 1..=5 {
            let answer = get(&example).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.json()["message"], "Data retrieved successfully");
            let limit = answer.header("ratelimit").expect("a limit");
            assert!(
                limit.starts_with(&format!(r#""client";r={};t="#, 5 - number)),
                "{limit}"
            );
        }
        let refused = get(&example).await;
        assert_eq!(refused.status, 429);
        let retry_after = refused.number("retry-after").expect("when to come back");
        assert!((50..=60).contains(&retry_after), "{retry_after}");
    }
}

#[tokio::test]
async fn takes_several_limits() {
    let example = Example::start("axum", &["--limit", "9/second", "--limit", "2/hour; 3/day"]);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&example).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn believes_proxies_of_a_trusted_network_only() {
    let statuses = async |arguments: &[&str]| {
        let example = Example::start("axum", &[&["--limit", "1/hour"], arguments].concat());
        let mut statuses = Vec::new();
        for client in ["192.0.2.1", "192.0.2.2", "6.6.6.6, 192.0.2.2"] {
            let request = request(&example).header("x-forwarded-for", client);
            statuses.push(send(request).await.status);
        }
        statuses
    };
    assert_eq!(statuses(&[]).await, [200, 429, 429]);
    assert_eq!(statuses(&["--trust", "10.0.0.0/8"]).await, [200, 429, 429]);
    assert_eq!(
        statuses(&["--trust", "10.0.0.0/8", "--trust", "127.0.0.0/8"]).await,
        [200, 200, 429]
    );
}

#[test]
fn says_which_argument_is_wrong() {
    for (arguments, expected) in [
        (
            ["--limit", "five/minute"],
            "invalid value 'five/minute' for '--limit",
        ),
        (
            ["--trust", "10.0.0.0/99"],
            "invalid value '10.0.0.0/99' for '--trust",
        ),
    ] {
        let output = Command::new(Example::program("axum"))
            .args(arguments)
            .output()
            .expect("it can be run");
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.contains(expected), "{stderr}");
    }
}

#[tokio::test]
async fn a_server_of_grpc_limits_each_client() {
    let redis = RedisServer::start().expect("Redis starts");
    for uri in ["memory://", &redis.uri()] {
        let example = Example::start("tonic", &["--storage", uri, "--limit", "2/hour"]);
        let endpoint = Endpoint::try_from(example.address().to_owned()).expect("an address");
        let channel = endpoint.connect().await.expect("a connection");
        let mut client = HealthClient::new(channel);
        for _ in 0..2 {
            let answer = client.check(HealthCheckRequest::default()).await;
            let answer = answer.expect("it is served").into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving);
        }
        let refused = client.check(HealthCheckRequest::default()).await;
        let refused = refused.expect_err("the third is one too many");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let retry = refused
            .get_details_retry_info()
            .and_then(|info| info.retry_delay);
        assert!(
            retry.is_some_and(|delay| delay.as_secs() > 3_500),
            "{retry:?}"
        );
    }
}
