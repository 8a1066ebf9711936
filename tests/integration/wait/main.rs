//! Waiting for one's turn: by tokio's paused time, but for what is about servers.

mod bounds;
mod drops;
mod order;
mod served;
mod several;
mod turns;

use core::time::Duration;
use std::sync::Arc;

use limits::window::Kind;
use limits::{
    Decision, Keeps, MemoryStorage, RateLimitItem, RateLimiter, StorageError, TokioClock,
    WaitError, Waited, WaitingRateLimiter,
};
use limits_tests::Remote;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::Instant;

type Outcome = Result<(), Box<dyn core::error::Error>>;
type Waiting<K, S = MemoryStorage> = WaitingRateLimiter<K, S, TokioClock>;
type Answer = Result<Waited<Decision>, WaitError<Decision, StorageError>>;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const WAY: Duration = Duration::from_millis(10);

fn waiting<K: Kind + Default, S: Keeps<K>>(storage: S) -> Waiting<K, S> {
    WaitingRateLimiter::new(RateLimiter::with_clock(storage, TokioClock))
}

fn remote<K: Kind + Default>() -> Waiting<K, Arc<Remote>>
where
    Arc<Remote>: Keeps<K>,
{
    waiting(Arc::new(Remote::new(WAY)))
}

/// A caller, and when it was answered, in whole milliseconds.
type Caller = JoinHandle<(Answer, u128)>;

/// Lets somebody wait in a task, behind all who do already.
async fn caller<K, S>(
    limiter: &Waiting<K, S>,
    item: RateLimitItem<'static>,
    cost: u64,
    within: Duration,
) -> Caller
where
    K: Kind,
    S: Keeps<K, Error = StorageError> + Send + Sync + 'static,
{
    let (limiter, start) = (limiter.clone(), Instant::now());
    let caller = tokio::spawn(async move {
        let answer = limiter.until_ready(&item, "a", cost, within).await;
        (answer, start.elapsed().as_millis())
    });
    yield_now().await;
    caller
}

/// When a caller passed.
async fn passed(caller: Caller) -> Result<u128, Box<dyn core::error::Error>> {
    let (answer, at) = caller.await?;
    answer.map(|_| at).map_err(Into::into)
}
