use core::num::NonZeroU32;
use core::time::Duration;
use std::borrow::Cow;

use limits_core::window::{Charge, Kind, Settled, Usage};
use limits_core::{Ask, Decision, Keeps, Key, Limit, Micros, Origin, Storage, Timestamp};

use super::breaker::Breaker;
use super::failure::is_failure;
use crate::error::StorageError;

/// A storage that another one stands in for while it fails: memory for a server, usually.
///
/// The first failure that is not about one key alone turns to the other storage, and one
/// task in the background [checks](Storage::check) the first every second, until it answers
/// and is turned back to: a [`Breaker`] that opens at once. Answers of the other storage say
/// so by their [origin](Decision::origin), `Fallback`; a charge is settled where it was
/// taken.
///
/// Where the other storage is the memory of each process, each admits as much as a limit
/// says by itself. [`with_share`](Self::with_share) gives each a part. What is admitted
/// meanwhile, the first storage never hears of.
///
/// Put a [`Timeout`](super::Timeout) around the first storage: what hangs doesn't fail. The
/// other one should not wait. One that stands in for a `Fallback` should be no
/// `Fallback` itself: a charge tells of one only.
///
/// ```
/// use limits::resilience::Fallback;
/// use limits::{FixedWindowRateLimiter, MemoryStorage, Origin, RateLimitItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// // The first one has room for no more than one key.
/// let storage = Fallback::new(MemoryStorage::with_max_keys(1), MemoryStorage::new());
/// let limiter = FixedWindowRateLimiter::new(storage);
/// let item = RateLimitItem::per_minute(1);
/// assert!(limiter.hit(&item, "a", 1).await?.allowed());
/// for allowed in [true, false] {
///     let decision = limiter.hit(&item, "b", 1).await?;
///     assert_eq!(decision.allowed(), allowed);
///     assert_eq!(decision.origin(), Origin::Fallback);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Fallback<S, B> {
    storage: Breaker<S>,
    fallback: B,
    share: NonZeroU32,
}

impl<S, B> Fallback<S, B> {
    /// Makes a storage for which `fallback` stands in.
    #[must_use]
    pub fn new(storage: S, fallback: B) -> Self {
        Self {
            storage: Breaker::new(storage).with_failures(1),
            fallback,
            share: NonZeroU32::MIN,
        }
    }

    /// Gives the other storage the n-th part of each limit, rounded down, but one unit at
    /// least: as many processes as there are each have their own. What costs more is refused
    /// meanwhile.
    #[must_use]
    pub fn with_share(self, processes: NonZeroU32) -> Self {
        let share = processes;
        Self { share, ..self }
    }

    /// Sets how many failures in a row turn to the other storage; before, only the calls that
    /// fail are answered by it.
    #[must_use]
    pub fn with_failures(self, failures: u32) -> Self {
        let storage = self.storage.with_failures(failures);
        Self { storage, ..self }
    }

    /// Sets how long it is from one probe to the next.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        let storage = self.storage.with_pause(pause);
        Self { storage, ..self }
    }

    /// Names the first storage in errors.
    #[must_use]
    pub fn with_name(self, name: impl Into<Cow<'static, str>>) -> Self {
        let storage = self.storage.with_name(name);
        Self { storage, ..self }
    }

    /// The first storage, in its breaker.
    pub const fn storage(&self) -> &Breaker<S> {
        &self.storage
    }

    /// The storage that stands in.
    pub const fn fallback(&self) -> &B {
        &self.fallback
    }

    fn shared<'a, K: Kind>(&self, ask: &Ask<'a, K>) -> Ask<'a, K> {
        let (amount, period) = (ask.limit().amount(), ask.limit().period());
        let share = (amount / u64::from(self.share.get())).max(amount.min(1));
        Ask::of_key(ask.kind(), ask.key(), Limit::new(share, period), ask.cost())
    }

    /// What the other storage answers, marked as such.
    fn marked<K: Kind>(&self, ask: &Ask<'_, K>, decision: &Decision) -> Decision {
        let hit = ask.hit(decision.now());
        let is_above_share = hit.is_possible() && decision.retry_at().is_none();
        let decision = if is_above_share {
            let until = hit.now().saturating_add(Micros::from(self.storage.pause()));
            Decision::hit(false, hit, Usage::Blocked(until))
        } else {
            *decision
        };
        decision.with_origin(Origin::Fallback)
    }
}

impl<S, B> Storage for Fallback<S, B>
where
    S: Storage<Error = StorageError> + Send + Sync + 'static,
    B: Storage<Error = StorageError> + Sync,
{
    type Error = StorageError;

    const MOST_UNITS: u64 = if S::MOST_UNITS < B::MOST_UNITS {
        S::MOST_UNITS
    } else {
        B::MOST_UNITS
    };
    const IS_IMMEDIATE: bool = S::IS_IMMEDIATE && B::IS_IMMEDIATE;

    /// Finds out whether the first storage answers.
    async fn check(&self) -> Result<(), StorageError> {
        self.storage.check().await
    }

    /// Forgets all keys of both, and tells how many the first one had.
    async fn reset(&self) -> Result<u64, StorageError> {
        self.fallback.reset().await?;
        self.storage.reset().await
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.fallback.clear(key).await?;
        self.storage.clear(key).await
    }
}

impl<K, S, B> Keeps<K> for Fallback<S, B>
where
    K: Kind,
    S: Keeps<K, Error = StorageError> + Send + Sync + 'static,
    B: Keeps<K, Error = StorageError> + Sync,
{
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        match self.storage.acquire(ask, now).await {
            Err(error) if is_failure(&error) => {}
            answer => return answer,
        }
        let shared = self.shared(&ask);
        let decision = if shared.hit(now).is_possible() {
            self.fallback.acquire(shared, now).await?
        } else {
            Decision::never(shared.hit(now))
        };
        Ok(self.marked(&ask, &decision))
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        match self.storage.peek(ask, now).await {
            Err(error) if is_failure(&error) => {}
            answer => return answer,
        }
        let shared = self.shared(&ask);
        let decision = if shared.hit(now).is_possible() {
            self.fallback.peek(shared, now).await?
        } else {
            Decision::never(shared.hit(now))
        };
        Ok(self.marked(&ask, &decision))
    }

    /// In the storage that the charge is of.
    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        if charge.origin() == Origin::Fallback {
            self.fallback.settle(kind, key, charge, used, now).await
        } else {
            self.storage.settle(kind, key, charge, used, now).await
        }
    }

    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        match self.storage.acquire_all(asks, now, decisions).await {
            Err(error) if is_failure(&error) => {}
            answer => return answer,
        }
        let shared: Vec<_> = asks.iter().map(|ask| self.shared(ask)).collect();
        self.fallback.acquire_all(&shared, now, decisions).await?;
        self.mark_all(asks, decisions);
        Ok(())
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        match self.storage.peek_all(asks, now, decisions).await {
            Err(error) if is_failure(&error) => {}
            answer => return answer,
        }
        let shared: Vec<_> = asks.iter().map(|ask| self.shared(ask)).collect();
        self.fallback.peek_all(&shared, now, decisions).await?;
        self.mark_all(asks, decisions);
        Ok(())
    }
}

impl<S, B> Fallback<S, B> {
    fn mark_all<K: Kind>(&self, asks: &[Ask<'_, K>], decisions: &mut [Decision]) {
        for (ask, decision) in asks.iter().zip(decisions) {
            *decision = self.marked(ask, decision);
        }
    }
}
