//! Bodies pass as they are.

use core::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use limits::http::Policies;
use tokio::sync::mpsc;

use super::server::{Answer, Server, client, memory, policy};

fn around(router: Router) -> Router {
    let policies = Policies::new(memory()).with(policy("api", "10/hour"));
    router.layer(policies.layer().expect("policies that are right"))
}

/// laurentS/slowapi#249.
#[tokio::test]
async fn a_thousand_chunks_stream_and_headers_come_once() {
    let chunks = async || {
        let chunks =
            (0..1_000).map(|number| Ok::<_, core::convert::Infallible>(format!("{number}\n")));
        Body::from_stream(stream::iter(chunks))
    };
    let server = Server::start(around(Router::new().route("/", get(chunks)))).await;
    let answer = server.get("/").await;
    assert_eq!(answer.headers.get_all("ratelimit").iter().count(), 1);
    assert_eq!(answer.headers.get_all("ratelimit-policy").iter().count(), 1);
    let expected: String = (0..1_000).map(|number| format!("{number}\n")).collect();
    assert_eq!(answer.body, expected);
}

/// A chunk arrives before the next is made.
#[tokio::test]
async fn an_answer_is_not_held_back() {
    let (sender, receiver) = mpsc::channel::<&'static str>(1);
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(Some(receiver)));
    let stream = async move || {
        let receiver = receiver
            .lock()
            .expect("one request")
            .take()
            .expect("one request");
        let chunks = stream::unfold(receiver, async |mut receiver| {
            let chunk = receiver.recv().await?;
            Some((Ok::<_, core::convert::Infallible>(chunk), receiver))
        });
        Body::from_stream(chunks)
    };
    let server = Server::start(around(Router::new().route("/", get(stream)))).await;
    let request = server.request("/").body(Body::empty()).expect("a request");
    let mut body = client()
        .request(request)
        .await
        .expect("an answer")
        .into_body();
    for chunk in ["one", "two"] {
        sender.send(chunk).await.expect("the server reads");
        let frame = tokio::time::timeout(Duration::from_secs(5), body.frame()).await;
        let frame = frame
            .expect("a chunk in time")
            .expect("a chunk")
            .expect("data");
        assert_eq!(frame.into_data().ok(), Some(Bytes::from(chunk)));
    }
}

#[tokio::test]
async fn a_request_is_read_by_the_service() {
    let echo = async |body: Body| Body::from_stream(body.into_data_stream().map(|chunk| chunk));
    let server = Server::start(around(Router::new().route("/", post(echo)))).await;
    let request = server
        .request("/")
        .method("POST")
        .body(Body::from("x".repeat(100_000)));
    let answer = client()
        .request(request.expect("a request"))
        .await
        .expect("an answer");
    assert_eq!(Answer::read(answer).await.body.len(), 100_000);
}
