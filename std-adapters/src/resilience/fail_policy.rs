use core::time::Duration;

use limits_core::window::{Charge, Hit, Kind, Settled, Usage};
use limits_core::{Ask, Decision, Keeps, Key, Micros, Origin, Storage, Timestamp};

use super::failure::is_failure;
use crate::error::StorageError;

/// A storage whose hits and questions are decided by a policy when it fails.
///
/// [Open](Self::open), everything passes that could pass at all, and nothing is taken;
/// [closed](Self::closed), nothing does, and `retry_after` is one second. Such an answer
/// says so by its [origin](Decision::origin), `FailedOpen` or `FailedClosed`, and knows
/// nothing of the window: its numbers are those of an untouched one, or of a full one.
///
/// A refusal is not a failure. Neither is what a storage doesn't support: that stays an
/// error, and so does every failure to check, clear, reset or settle, since no policy can do
/// that. Call [`check`](Storage::check) at the start: what is wrong with the
/// configuration is hidden by a policy too.
///
/// ```
/// use limits::resilience::FailPolicy;
/// use limits::{FixedWindowRateLimiter, MemoryStorage, Origin, RateLimitItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// // It has room for no more than one key.
/// let storage = FailPolicy::open(MemoryStorage::with_max_keys(1));
/// let limiter = FixedWindowRateLimiter::new(storage);
/// let item = RateLimitItem::per_minute(1);
/// for (user, origin) in [("a", Origin::Storage), ("b", Origin::FailedOpen)] {
///     let decision = limiter.hit(&item, user, 1).await?;
///     assert!(decision.allowed());
///     assert_eq!(decision.origin(), origin);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FailPolicy<S> {
    storage: S,
    policy: Policy,
}

#[derive(Clone, Copy, Debug)]
enum Policy {
    Open,
    /// Comes back after so long.
    Closed(Micros),
}

impl<S> FailPolicy<S> {
    /// Makes a storage that lets hits pass when it fails: for limits that keep things fair.
    pub const fn open(storage: S) -> Self {
        let policy = Policy::Open;
        Self { storage, policy }
    }

    /// Makes a storage that refuses hits when it fails: for limits that protect something,
    /// such as attempts to log in.
    pub const fn closed(storage: S) -> Self {
        let policy = Policy::Closed(Micros::from_secs(1));
        Self { storage, policy }
    }

    /// Makes the `retry_after` of a closed policy so long.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        let policy = match self.policy {
            Policy::Open => Policy::Open,
            Policy::Closed(_) => Policy::Closed(wait.into()),
        };
        Self { policy, ..self }
    }

    /// The storage within.
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    fn answer(&self, hit: Hit) -> Decision {
        match self.policy {
            Policy::Open => Decision::test(hit, Usage::Untouched).with_origin(Origin::FailedOpen),
            Policy::Closed(_) if !hit.is_possible() => {
                Decision::never(hit).with_origin(Origin::FailedClosed)
            }
            Policy::Closed(wait) => {
                let usage = Usage::Blocked(hit.now().saturating_add(wait));
                Decision::hit(false, hit, usage).with_origin(Origin::FailedClosed)
            }
        }
    }

    fn one<K: Kind>(
        &self,
        ask: &Ask<'_, K>,
        now: Timestamp,
        answer: Result<Decision, StorageError>,
    ) -> Result<Decision, StorageError> {
        match answer {
            Err(error) if is_failure(&error) => Ok(self.answer(ask.hit(now))),
            answer => answer,
        }
    }

    fn all<K: Kind>(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
        answer: Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        match answer {
            Err(error) if is_failure(&error) => {}
            answer => return answer,
        }
        for (ask, decision) in asks.iter().zip(decisions) {
            *decision = self.answer(ask.hit(now));
        }
        Ok(())
    }
}

impl<S: Storage<Error = StorageError> + Sync> Storage for FailPolicy<S> {
    type Error = StorageError;

    const MOST_UNITS: u64 = S::MOST_UNITS;
    const IS_IMMEDIATE: bool = S::IS_IMMEDIATE;

    async fn check(&self) -> Result<(), StorageError> {
        self.storage.check().await
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        self.storage.reset().await
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.storage.clear(key).await
    }
}

impl<K: Kind, S: Keeps<K, Error = StorageError> + Sync> Keeps<K> for FailPolicy<S> {
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.one(&ask, now, self.storage.acquire(ask, now).await)
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.one(&ask, now, self.storage.peek(ask, now).await)
    }

    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        self.storage.settle(kind, key, charge, used, now).await
    }

    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        let answer = self.storage.acquire_all(asks, now, decisions).await;
        self.all(asks, now, decisions, answer)
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        let answer = self.storage.peek_all(asks, now, decisions).await;
        self.all(asks, now, decisions, answer)
    }
}
