use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use limits::{AnyRateLimiter, Origin, RateLimitItem, StrategyName, storage_from_string};
use limits_tests::servers::RedisServer;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::load::item;
use super::{Outcome, alone, meanwhile};

const TIMEOUT: Duration = Duration::from_millis(100);
const PROBE: Duration = Duration::from_millis(500);
/// What an answer may be late by.
const SLACK: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(5);
const TASKS: usize = 2;

/// When an answer came, how long it took, and who gave it.
#[derive(Clone, Copy, Debug)]
struct Answer {
    at: Instant,
    took: Duration,
    origin: Origin,
    allowed: bool,
}

/// Tasks that hit without end, and one that finds out how late the machine itself is.
struct Hits {
    answers: Arc<Mutex<Vec<Answer>>>,
    lateness: Arc<Mutex<Duration>>,
    stopped: Arc<AtomicBool>,
    tasks: JoinSet<Result<(), limits::StorageError>>,
}

impl Hits {
    fn start(uri: &str) -> Result<Self, limits::StorageError> {
        let storage = storage_from_string(uri)?;
        let mut hits = Self {
            answers: Arc::default(),
            lateness: Arc::default(),
            stopped: Arc::default(),
            tasks: JoinSet::new(),
        };
        for &strategy in StrategyName::ALL {
            for _ in 0..TASKS {
                let limiter = storage.limiter(strategy)?;
                let (answers, stopped) = (Arc::clone(&hits.answers), Arc::clone(&hits.stopped));
                hits.tasks
                    .spawn(hit(limiter, item(strategy.as_str()), answers, stopped));
            }
        }
        let (lateness, stopped) = (Arc::clone(&hits.lateness), Arc::clone(&hits.stopped));
        hits.tasks.spawn(watch(lateness, stopped));
        Ok(hits)
    }

    async fn end(mut self) -> Result<(Vec<Answer>, Duration), Box<dyn core::error::Error>> {
        self.stopped.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        let answers = self.answers.lock().expect("no task panics").clone();
        let lateness = *self.lateness.lock().expect("no task panics");
        Ok((answers, lateness))
    }
}

/// No hit may fail: a policy answers.
async fn hit(
    limiter: AnyRateLimiter,
    item: RateLimitItem<'static>,
    answers: Arc<Mutex<Vec<Answer>>>,
    stopped: Arc<AtomicBool>,
) -> Result<(), limits::StorageError> {
    while !stopped.load(Ordering::Relaxed) {
        let start = Instant::now();
        let decision = limiter.hit(&item, "a", 1).await?;
        let at = Instant::now();
        let (origin, allowed) = (decision.origin(), decision.allowed());
        let took = at - start;
        let answer = Answer {
            at,
            took,
            origin,
            allowed,
        };
        answers.lock().expect("no task panics").push(answer);
        sleep(PAUSE).await;
    }
    Ok(())
}

async fn watch(
    lateness: Arc<Mutex<Duration>>,
    stopped: Arc<AtomicBool>,
) -> Result<(), limits::StorageError> {
    while !stopped.load(Ordering::Relaxed) {
        let start = Instant::now();
        sleep(PAUSE).await;
        let late = start.elapsed().saturating_sub(PAUSE);
        let mut lateness = lateness.lock().expect("no task panics");
        *lateness = late.max(*lateness);
    }
    Ok(())
}

/// Stops a server under load for a time, and tells the answers.
async fn outage(options: &str, degraded: Origin) -> Outcome {
    let _alone = alone().await;
    let server = RedisServer::start()?;
    let hits = Hits::start(&format!("{}?timeout_ms=100&{options}", server.uri()))?;
    sleep(PROBE).await;
    let stopped = Instant::now();
    meanwhile(|| server.stop()).await?;
    sleep(Duration::from_secs(2)).await;
    meanwhile(|| server.resume()).await?;
    let resumed = Instant::now();
    sleep(Duration::from_secs(2)).await;
    let (answers, lateness) = hits.end().await?;
    let slack = SLACK + lateness;
    let slowest = answers.iter().map(|answer| answer.took).max();
    assert!(
        slowest <= Some(TIMEOUT + slack),
        "{slowest:?}, {lateness:?} late"
    );
    assert!(answers.iter().all(|answer| answer.allowed), "{degraded}");
    let of = |origin, from, to| {
        let between = move |answer: &&Answer| answer.at >= from && answer.at < to;
        answers
            .iter()
            .filter(between)
            .filter(move |answer| answer.origin == origin)
    };
    let end = resumed + Duration::from_secs(10);
    let began = stopped + TIMEOUT + slack;
    assert_eq!(of(Origin::Storage, began, resumed).count(), 0);
    assert!(of(degraded, began, resumed).count() > 100);
    // From then on a busy machine may make a server late, but it does answer.
    let first = of(Origin::Storage, resumed, end)
        .map(|answer| answer.at)
        .min();
    let back = first.map(|first| first - resumed);
    let in_time = PROBE + TIMEOUT + slack;
    assert!(
        back.is_some_and(|back| back <= in_time),
        "{back:?}, {lateness:?} late"
    );
    assert!(of(Origin::Storage, resumed, end).count() > 100);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_answers_in_time_for_a_server_that_hangs_and_ends_within_a_probe() -> Outcome {
    outage("fail=open&breaker=3&probe_ms=500", Origin::FailedOpen).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stands_in_in_time_for_a_server_that_hangs_and_ends_within_a_probe() -> Outcome {
    outage("fail=memory&probe_ms=500", Origin::Fallback).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_breaker_every_call_finds_out_in_time() -> Outcome {
    outage("fail=open", Origin::FailedOpen).await
}
