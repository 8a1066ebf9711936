use core::time::Duration;
use std::borrow::Cow;

use limits_core::window::{Charge, Kind, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Storage, Timestamp};
use tokio::time::timeout;

use crate::error::{StorageError, StorageErrorKind};

/// A storage that answers in time or fails, with an error of kind
/// [`Timeout`](StorageErrorKind::Timeout).
///
/// The time, 250 ms if nobody says otherwise, is that of a whole call: to connect, to wait
/// for others and to be answered. A hit that is late may have been charged all the same: as
/// many units as it cost are missing then until their window is over, and never too many
/// admitted. [`reset`](Storage::reset), which looks at every key, may take as long as it does.
///
/// A storage in memory, which never waits, needs no timer.
///
/// # Panics
///
/// Calls to a storage that may wait, outside of a tokio runtime with a time driver.
///
/// ```
/// use core::time::Duration;
///
/// use limits::resilience::Timeout;
/// use limits::{MemoryStorage, MovingWindowRateLimiter, RateLimitItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let storage = Timeout::new(MemoryStorage::new()).with_limit(Duration::from_millis(100));
/// let limiter = MovingWindowRateLimiter::new(storage);
/// assert!(limiter.hit(&RateLimitItem::per_second(1), "user-42", 1).await?.allowed());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    storage: S,
    limit: Duration,
    name: Cow<'static, str>,
}

impl<S> Timeout<S> {
    /// How long a call takes at most, if nobody says otherwise.
    pub const LIMIT: Duration = Duration::from_millis(250);

    /// Makes a storage that answers within 250 ms.
    pub const fn new(storage: S) -> Self {
        Self {
            storage,
            limit: Self::LIMIT,
            name: Cow::Borrowed("limits"),
        }
    }

    /// Sets how long a call may take.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Names the storage in errors.
    #[must_use]
    pub fn with_name(self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        Self { name, ..self }
    }

    /// The storage within.
    pub const fn storage(&self) -> &S {
        &self.storage
    }
}

impl<S: Storage<Error = StorageError> + Sync> Timeout<S> {
    async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, StorageError>> + Send,
    ) -> Result<T, StorageError> {
        if S::IS_IMMEDIATE {
            return call.await;
        }
        let late = |_| {
            let reason = format!("no answer within {:?}", self.limit);
            StorageError::new(StorageErrorKind::Timeout, self.name.clone(), reason)
        };
        timeout(self.limit, call).await.map_err(late)?
    }
}

impl<S: Storage<Error = StorageError> + Sync> Storage for Timeout<S> {
    type Error = StorageError;

    const MOST_UNITS: u64 = S::MOST_UNITS;
    const IS_IMMEDIATE: bool = S::IS_IMMEDIATE;

    async fn check(&self) -> Result<(), StorageError> {
        self.in_time(self.storage.check()).await
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        self.storage.reset().await
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.in_time(self.storage.clear(key)).await
    }
}

impl<K: Kind, S: Keeps<K, Error = StorageError> + Sync> Keeps<K> for Timeout<S> {
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.in_time(self.storage.acquire(ask, now)).await
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.in_time(self.storage.peek(ask, now)).await
    }

    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        self.in_time(self.storage.settle(kind, key, charge, used, now))
            .await
    }

    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        self.in_time(self.storage.acquire_all(asks, now, decisions))
            .await
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        self.in_time(self.storage.peek_all(asks, now, decisions))
            .await
    }
}
