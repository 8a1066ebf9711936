//! What wrappers do when the storage in them is slow or fails: by tokio's paused time.

mod breaker;
mod fallback;
mod policies;
mod refusals;
mod shadow;
mod time;
mod uris;

use core::time::Duration;
use std::sync::Arc;

use limits::window::Moving;
use limits::{Decision, RateLimitItem, RateLimiter, StorageError, TokioClock};
use limits_tests::Remote;

type Outcome = Result<(), Box<dyn core::error::Error>>;
type Limiter<S> = RateLimiter<Moving, S, TokioClock>;

const SECOND: Duration = Duration::from_secs(1);
const WAY: Duration = Duration::from_millis(10);

const ITEM: RateLimitItem<'static> = RateLimitItem::per_minute(4);

fn remote() -> Arc<Remote> {
    Arc::new(Remote::new(WAY))
}

fn limiter<S: limits::Keeps<Moving>>(storage: S) -> Limiter<S> {
    RateLimiter::with_clock(storage, TokioClock)
}

async fn hit<S>(limiter: &Limiter<S>, user: &str) -> Result<Decision, StorageError>
where
    S: limits::Keeps<Moving, Error = StorageError>,
{
    limiter.hit(&ITEM, user, 1).await
}
