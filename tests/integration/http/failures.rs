//! What becomes of requests when the storage fails.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use http::StatusCode;
use limits::http::{Failure, Policies, Verdict};
use limits::storage_from_string;
use limits_tests::servers::RedisServer;

use super::server::{Server, limited, policy};

/// Policies over a Redis that is gone, and the number of errors they reported.
fn without_redis() -> (Policies, Arc<AtomicUsize>) {
    let redis = RedisServer::start().expect("Redis starts");
    let uri = redis.uri();
    drop(redis);
    let storage = storage_from_string(&uri).expect("a URI");
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    let policies = Policies::new(storage)
        .with(policy("api", "1/hour"))
        .on_error(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
    (policies, counted)
}

#[tokio::test]
async fn requests_pass_without_headers() {
    let (policies, errors) = without_redis();
    let server = Server::start(limited(policies)).await;
    for _ in 0..2 {
        let answer = server.get("/").await;
        assert_eq!(answer.status, 200);
        for name in ["ratelimit", "ratelimit-policy", "retry-after"] {
            assert_eq!(answer.header(name), None);
        }
    }
    assert_eq!(errors.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn requests_are_refused_with_the_status_that_was_chosen() {
    let reduced = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";
    for (status, kind) in [(503, reduced), (500, "about:blank")] {
        let (policies, _) = without_redis();
        let failure = Failure::Refuse(StatusCode::from_u16(status).expect("a status"));
        let server = Server::start(limited(policies.on_failure(failure))).await;
        let answer = server.get("/").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["type"], kind);
        assert_eq!(answer.header("ratelimit"), None);
        assert_eq!(answer.header("retry-after"), None);
    }
}

#[tokio::test]
async fn the_service_knows_that_nobody_decided() {
    let (policies, _) = without_redis();
    let said = async |verdict: axum::Extension<Verdict>| verdict.is_degraded().to_string();
    let router = axum::Router::new().route("/", axum::routing::get(said));
    let server = Server::start(router.layer(policies.layer().expect("right policies"))).await;
    assert_eq!(server.get("/").await.body, "true");
}

/// Law 15.
#[tokio::test]
async fn a_storage_that_fails_closed_is_no_limit_that_is_exceeded() {
    let redis = RedisServer::start().expect("Redis starts");
    let uri = format!("{}?fail=closed", redis.uri());
    drop(redis);
    let policies = || {
        let storage = storage_from_string(&uri).expect("a URI");
        Policies::new(storage).with(policy("api", "1/hour"))
    };
    let teapot = Failure::Refuse(StatusCode::IM_A_TEAPOT);
    for (policies, status) in [(policies(), 503), (policies().on_failure(teapot), 418)] {
        let server = Server::start(limited(policies)).await;
        let answer = server.get("/").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("ratelimit"), None);
        assert_eq!(answer.header("retry-after"), None);
    }
}

/// A refusal is no failure: animir/node-rate-limiter-flexible#337.
#[tokio::test]
async fn a_refusal_is_not_taken_for_a_failure() {
    let redis = RedisServer::start().expect("Redis starts");
    let storage = storage_from_string(&redis.uri()).expect("a URI");
    let policies = Policies::new(storage).with(policy("api", "2/hour").with_cost(3));
    let server = Server::start(limited(policies.on_failure(Failure::Admit))).await;
    assert_eq!(server.get("/").await.status, 429);
}
