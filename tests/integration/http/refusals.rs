//! Refused requests.

use http::Response;
use limits::http::{HeaderStyle, Policies, Reason};
use serde_json::json;

use super::server::{Answer, Server, limited, memory, policy};

async fn refused(policies: Policies) -> Answer {
    let server = Server::start(limited(policies)).await;
    server.get("/").await;
    server.get("/").await
}

fn policies() -> Policies {
    Policies::new(memory())
        .with(policy("api", "1/minute; 9/hour"))
        .with(policy("other", "9/day"))
}

#[tokio::test]
async fn a_refusal_is_the_problem_of_the_draft() {
    let refused = refused(policies()).await;
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json")
    );
    let expected = json!({
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Request cannot be satisfied as assigned quota has been exceeded",
        "status": 429,
        "violated-policies": ["api-1-per-60s"],
    });
    assert_eq!(refused.json(), expected);
}

#[tokio::test]
async fn with_other_headers_it_is_a_plain_problem() {
    let refused = refused(policies().with_headers(HeaderStyle::XRateLimitDelta)).await;
    let expected = json!({
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "violated-policies": ["api-1-per-60s"],
    });
    assert_eq!(refused.json(), expected);
}

#[tokio::test]
async fn a_handler_may_answer_and_headers_are_added() {
    let policies = policies().on_refusal(|refusal| {
        assert_eq!(refusal.reason(), Reason::Limited);
        let binding = refusal
            .verdict()
            .binding()
            .map(|outcome| outcome.name().into_owned());
        let text = format!("{} {binding:?}", refusal.request().uri.path());
        let response = Response::builder().status(420).header("x-own", "1");
        response.body(text.into()).expect("an answer")
    });
    let refused = refused(policies).await;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (420, r#"/ Some("api-1-per-60s")"#)
    );
    assert_eq!(refused.header("x-own"), Some("1"));
    assert_eq!(refused.number("retry-after"), Some(60));
    assert!(refused.header("ratelimit").is_some());
}

#[tokio::test]
async fn a_handler_may_say_itself_when_to_come_back() {
    let policies = policies().on_refusal(|_| {
        let response = Response::builder().status(429).header("retry-after", "99");
        response.body("later".into()).expect("an answer")
    });
    let refused = refused(policies).await;
    assert_eq!(refused.headers.get_all("retry-after").iter().count(), 1);
    assert_eq!(refused.number("retry-after"), Some(99));
}

#[tokio::test]
async fn the_service_is_not_called() {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;

    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let handler = async move || counted.fetch_add(1, Ordering::Relaxed).to_string();
    let layer = policies().layer().expect("policies that are right");
    let router = axum::Router::new()
        .fallback(axum::routing::any(handler))
        .layer(layer);
    let server = Server::start(router).await;
    assert_eq!(server.statuses("/", 5).await, [200, 429, 429, 429, 429]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}
