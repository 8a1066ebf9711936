use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::io;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::{RedisError, RedisResult};
use tokio::time::{Instant, timeout_at};

use super::source::Live;

/// A connection, or the attempt to make it: any of those who wait for it moves it on.
#[derive(Clone)]
pub(super) struct Session {
    attempt: Shared<BoxFuture<'static, RedisResult<Live>>>,
    began_at: Instant,
    limit: Duration,
}

impl Session {
    pub(super) fn new(
        attempt: impl Future<Output = RedisResult<Live>> + Send + 'static,
        limit: Duration,
    ) -> Self {
        // A panic in it would be one of everybody who asks from then on.
        let attempt = AssertUnwindSafe(attempt).catch_unwind();
        let attempt = attempt.map(|live| live.unwrap_or_else(|_| Err(panicked())));
        Self {
            attempt: attempt.boxed().shared(),
            began_at: Instant::now(),
            limit,
        }
    }

    /// Tells the connection if there is one already.
    pub(super) fn ready(&self) -> Option<Live> {
        self.attempt.peek()?.as_ref().ok().cloned()
    }

    /// Waits for the connection, by a clock of the caller's own.
    pub(super) async fn live(&self) -> RedisResult<Live> {
        // A handle that has waited knows nothing any more, so a clone does.
        let in_time = timeout_at(self.ends_by(), self.attempt.clone()).await;
        in_time.unwrap_or_else(|_| Err(timed_out("connection", self.limit)))
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.attempt.ptr_eq(&other.attempt)
    }

    /// Tells whether nobody waits for the attempt any more, whose time is over.
    pub(super) fn is_abandoned(&self) -> bool {
        // The one handle is that of whoever asks.
        self.attempt.peek().is_none()
            && self.attempt.strong_count() == Some(1)
            && Instant::now() >= self.ends_by()
    }

    /// Tells for how long there has been the connection, or the attempt.
    pub(super) fn age(&self) -> Duration {
        self.began_at.elapsed()
    }

    fn ends_by(&self) -> Instant {
        self.began_at + self.limit
    }
}

pub(super) fn timed_out(what: &str, limit: Duration) -> RedisError {
    let message = format!("no {what} within {limit:?}");
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}

fn panicked() -> RedisError {
    io::Error::other("the attempt to connect panicked").into()
}
