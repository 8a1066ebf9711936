//! Costs that are known with the answer.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::response;
use limits::http::{Policies, Policy};
use limits::{ManualClock, Micros, Timestamp};
use tokio::sync::Semaphore;

use super::server::{Server, limited, memory, policy, storages};

/// express-rate-limit#429: count only status 422.
#[tokio::test]
async fn some_statuses_only_are_charged() {
    for kept in storages() {
        let policy = policy("api", "2/hour").charge_when(|answer| answer.status == 422);
        let server = Server::start(limited(Policies::new(kept.storage).with(policy))).await;
        assert_eq!(server.statuses("/status/200", 5).await, [200; 5]);
        assert_eq!(server.statuses("/status/422", 3).await, [422, 422, 429]);
        assert_eq!(server.get("/status/200").await.status, 429);
    }
}

/// What an answer says was used.
fn used(answer: &response::Parts) -> Option<u64> {
    answer.headers.get("x-used")?.to_str().ok()?.parse().ok()
}

fn tokens() -> Policy {
    policy("tokens", "100/hour").with_cost(30).settle_by(used)
}

/// Where requests wait in the service until they are let out, one for each permit.
struct Gate {
    entered: Semaphore,
    out: Semaphore,
    left: Semaphore,
}

/// Says that a request is no more, when it is dropped.
struct Leaves<'a>(&'a Semaphore);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Gate {
    fn closed() -> Arc<Self> {
        let [entered, out, left] = [0; 3].map(Semaphore::new);
        Arc::new(Self { entered, out, left })
    }

    async fn pass(&self) {
        let _leaves = Leaves(&self.left);
        self.entered.add_permits(1);
        self.out.acquire().await.expect("it stays").forget();
    }

    /// Waits for one more request that waits.
    async fn entered(&self) {
        self.entered.acquire().await.expect("it stays").forget();
    }
}

/// Answers `/N` having used N units.
fn model(policies: Policies, gate: Option<Arc<Gate>>) -> axum::Router {
    let handler = async move |axum::extract::Path(used): axum::extract::Path<String>| {
        if let Some(gate) = gate {
            gate.pass().await;
        }
        [("x-used", used)]
    };
    let layer = policies.layer().expect("policies that are right");
    axum::Router::new()
        .route("/{used}", axum::routing::get(handler))
        .layer(layer)
}

async fn remaining(server: &Server) -> u64 {
    let answer = server.get("/unknown").await;
    let limit = answer.header("ratelimit").expect("a limit");
    let (_, after) = limit.split_once(";r=").expect("what remains");
    let (number, _) = after.split_once(';').expect("a reset");
    number.parse().expect("a number")
}

/// membrane/api-gateway#3210, BerriAI/litellm#18730.
#[tokio::test]
async fn five_at_once_that_reserve_30_of_100_are_three() {
    for kept in storages() {
        let gate = Gate::closed();
        let router = model(
            Policies::new(kept.storage).with(tokens()),
            Some(Arc::clone(&gate)),
        );
        let server = Server::start(router).await;
        let mut answers: FuturesUnordered<_> = (0..5).map(|_| server.get("/12")).collect();
        let mut statuses = Vec::new();
        for _ in 0..5 {
            if statuses.len() == 2 {
                gate.out.add_permits(3);
            }
            statuses.extend(answers.next().await.map(|answer| answer.status));
        }
        assert_eq!(statuses, [429, 429, 200, 200, 200]);
    }
}

#[tokio::test]
async fn an_estimate_is_settled_by_what_was_used() {
    for kept in storages() {
        let server = Server::start(model(Policies::new(kept.storage).with(tokens()), None)).await;
        assert_eq!(server.get("/12").await.status, 200);
        assert_eq!(server.get("/40").await.status, 200);
        assert_eq!(remaining(&server).await, 100 - 12 - 40 - 30);
        assert_eq!(server.get("/1").await.status, 429);
    }
}

/// What was done is done: above the limit too.
#[tokio::test]
async fn more_than_the_limit_may_have_been_used() {
    for kept in storages() {
        let server = Server::start(model(Policies::new(kept.storage).with(tokens()), None)).await;
        assert_eq!(server.get("/250").await.status, 200);
        assert_eq!(server.get("/1").await.status, 429);
    }
}

/// express-rate-limit#647: a window that was over when it was settled.
#[tokio::test]
async fn settling_after_the_window_is_over_changes_nothing() {
    static CLOCK: ManualClock = ManualClock::new(Timestamp::from_secs(1_000_000));

    let gate = Gate::closed();
    let policies = Policies::new(memory()).with(tokens()).with_clock(&CLOCK);
    let server = Server::start(model(policies, Some(Arc::clone(&gate)))).await;
    let late = async {
        gate.entered().await;
        CLOCK.advance(Micros::from_secs(3_601));
        let both_leave = async {
            gate.entered().await;
            gate.out.add_permits(2);
        };
        tokio::join!(server.get("/30"), both_leave).0
    };
    let (answer, in_the_next) = tokio::join!(server.get("/0"), late);
    assert_eq!((answer.status, in_the_next.status), (200, 200));
    gate.out.add_permits(1);
    assert_eq!(remaining(&server).await, 100 - 30 - 30);
}

/// express-rate-limit#611: a client that leaves keeps the estimate taken, and nothing else.
#[tokio::test]
async fn a_request_that_is_dropped_leaves_its_estimate_taken() {
    let gate = Gate::closed();
    let router = model(
        Policies::new(memory()).with(tokens()),
        Some(Arc::clone(&gate)),
    );
    let server = Server::start(router).await;
    tokio::select! {
        answer = server.get("/0") => panic!("nobody let it out: {answer:?}"),
        () = gate.entered() => {}
    }
    gate.left.acquire().await.expect("it stays").forget();
    gate.out.add_permits(1);
    assert_eq!(remaining(&server).await, 100 - 30 - 30);
}

/// alisaifee/flask-limiter#448: a cost above the limit passed a moving window.
#[tokio::test]
async fn an_estimate_above_the_limit_never_passes() {
    use limits::StrategyName;

    for kept in storages() {
        let policy = policy("tokens", "10/hour").with_strategy(StrategyName::MovingWindow);
        let policy = policy.with_cost(11).settle_by(used);
        let server = Server::start(limited(Policies::new(kept.storage).with(policy))).await;
        assert_eq!(server.statuses("/", 2).await, [429; 2]);
    }
}
