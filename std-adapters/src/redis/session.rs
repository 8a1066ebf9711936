use core::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::RedisResult;
use tokio::time::Instant;

use super::source::Live;

/// A connection, or the attempt to make it: any of those who wait for it moves it on.
#[derive(Clone)]
pub(super) struct Session {
    attempt: Shared<BoxFuture<'static, RedisResult<Live>>>,
    /// When it has succeeded or failed, if anybody waits for it.
    ends_by: Instant,
}

impl Session {
    pub(super) fn new(
        attempt: impl Future<Output = RedisResult<Live>> + Send + 'static,
        limit: Duration,
    ) -> Self {
        Self {
            attempt: attempt.boxed().shared(),
            ends_by: Instant::now() + limit,
        }
    }

    /// Tells the connection if there is one already.
    pub(super) fn ready(&self) -> Option<Live> {
        self.attempt.peek()?.as_ref().ok().cloned()
    }

    /// Waits for the connection.
    ///
    /// A handle that has waited knows nothing any more, so a clone does.
    pub(super) async fn live(&self) -> RedisResult<Live> {
        self.attempt.clone().await
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.attempt.ptr_eq(&other.attempt)
    }

    /// Tells whether nobody has waited for the attempt until its end.
    pub(super) fn is_abandoned(&self) -> bool {
        self.attempt.peek().is_none() && Instant::now() >= self.ends_by
    }
}
