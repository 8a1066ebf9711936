//! Clones, connections and servers that count together.

use core::task::{Context, Poll};

use axum::body::Body;
use futures_util::future::join_all;
use http::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use limits::http::Policies;
use tower::{Layer, Service, ServiceExt};

use super::server::{Server, limited, memory, policy, storages};

/// tokio-rs/axum#3682: 5 a second, and all of 1,500 at once passed.
#[tokio::test(flavor = "multi_thread")]
async fn of_1500_at_once_as_many_pass_as_the_limit_says() {
    for kept in storages() {
        let policies = Policies::new(kept.storage).with(policy("api", "5/hour"));
        let server = Server::start(limited(policies)).await;
        // One connection of HTTP/2, with a stream for each.
        let mut builder = Client::builder(TokioExecutor::new());
        let client = builder.http2_only(true).build_http();
        let request = || server.request("/").body(Body::empty()).expect("a request");
        let answers = join_all((0..1_500).map(|_| client.request(request()))).await;
        let statuses = answers
            .into_iter()
            .map(|answer| answer.expect("an answer").status());
        assert_eq!(statuses.filter(|status| *status == 200).count(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_1500_calls_of_clones_as_many_pass_as_the_limit_says() {
    for kept in storages() {
        let policies = Policies::new(kept.storage).with(policy("api", "5/hour"));
        let router = limited(policies);
        let call = || router.clone().oneshot(Request::new(Body::empty()));
        let answers = join_all((0..1_500).map(|_| tokio::spawn(call()))).await;
        let statuses = answers
            .into_iter()
            .map(|answer| answer.expect("no panic").expect("no error"));
        assert_eq!(statuses.filter(|answer| answer.status() == 200).count(), 5);
    }
}

/// BerriAI/litellm#41221: two regions, and of 4 a minute 7 were admitted.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_redis_never_pass_more_together() {
    let [_, redis] = storages();
    let server = async || {
        let policies = Policies::new(redis.storage.clone()).with(policy("api", "4/minute"));
        Server::start(limited(policies)).await
    };
    let servers = [server().await, server().await];
    let answers = join_all((0..40).map(|number| servers[number % 2].get("/"))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        4
    );
}

/// A service that has to be ready when it is called, and whose clones are not.
#[derive(Default)]
struct Readied {
    is_ready: bool,
}

impl Clone for Readied {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<Body>> for Readied {
    type Response = Response<Body>;
    type Error = &'static str;
    type Future = core::future::Ready<Result<Response<Body>, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let was_ready = core::mem::take(&mut self.is_ready);
        let answer = was_ready.then(|| Response::new(Body::empty()));
        core::future::ready(answer.ok_or("called before it was ready"))
    }
}

/// joshrotenberg/tower-resilience#288.
#[tokio::test]
async fn the_service_that_is_ready_is_the_one_called() {
    let layer = Policies::new(memory())
        .with(policy("api", "9/hour"))
        .layer();
    let mut service = layer
        .expect("policies that are right")
        .layer(Readied::default());
    for _ in 0..3 {
        let ready = service.ready().await.expect("it becomes ready");
        let answer = ready.call(Request::new(Body::empty())).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
}

/// A refused request gives back what readiness held, such as a place of a concurrency limit.
#[tokio::test]
async fn a_refusal_holds_no_place_in_the_service() {
    let policies = Policies::new(memory()).with(policy("api", "1/hour"));
    let layer = policies.layer().expect("policies that are right");
    let inner = tower::limit::ConcurrencyLimit::new(Readied::default(), 1);
    let mut service = layer.layer(inner);
    for _ in 0..3 {
        let ready = tokio::time::timeout(core::time::Duration::from_secs(5), service.ready()).await;
        let ready = ready.expect("ready in time").expect("it becomes ready");
        assert!(ready.call(Request::new(Body::empty())).await.is_ok());
    }
}
