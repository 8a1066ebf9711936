use core::fmt::{self, Write as _};
use core::hash::Hasher;
use std::hash::DefaultHasher;

use limits_core::window::{Charge, Kind, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Origin, Storage, Timestamp};

use crate::error::StorageError;

/// A storage that counts as ever and refuses nobody: to find out what a limit would do.
///
/// What it would have refused passes, takes nothing, and says so by its
/// [origin](Decision::origin), `Shadow`; the rest of the answer is that of the refusal. So the
/// counts are those of a limit in force. (A single hit whose cost is above the amount, which no
/// storage is asked about, is refused by the limiter all the same.) Give it a namespace, or a storage, of its own if there
/// is a limit in force on the same keys.
///
/// A failure of the storage stays an error: put a [`FailPolicy`](super::FailPolicy)
/// inside.
///
/// [`with_enforced`](Self::with_enforced) puts the limit in force for a part of the keys, to
/// begin with: the same ones in every process that was built alike.
///
/// ```
/// use limits::resilience::Shadow;
/// use limits::{FixedWindowRateLimiter, MemoryStorage, Origin, RateLimitItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let limiter = FixedWindowRateLimiter::new(Shadow::new(MemoryStorage::new()));
/// let item = RateLimitItem::per_minute(1).with_namespace("NEW");
/// for origin in [Origin::Storage, Origin::Shadow] {
///     let decision = limiter.hit(&item, "user-42", 1).await?;
///     assert!(decision.allowed());
///     assert_eq!(decision.origin(), origin);
///     assert_eq!(decision.remaining(), 0);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Shadow<S> {
    storage: S,
    enforced: u8,
}

impl<S> Shadow<S> {
    /// Makes a storage that refuses nobody.
    pub const fn new(storage: S) -> Self {
        let enforced = 0;
        Self { storage, enforced }
    }

    /// Puts the limit in force for so many percent of the keys. A hit of several limits goes
    /// by the first of its keys.
    #[must_use]
    pub fn with_enforced(self, percent: u8) -> Self {
        let enforced = percent;
        Self { enforced, ..self }
    }

    /// The storage within.
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    fn is_enforced(&self, key: Key<'_>) -> bool {
        match self.enforced {
            0 => false,
            100.. => true,
            percent => hash(key) % 100 < percent.into(),
        }
    }

    fn one<K: Kind>(&self, ask: &Ask<'_, K>, decision: Decision) -> Decision {
        if decision.allowed() || self.is_enforced(ask.key()) {
            return decision;
        }
        decision.let_through(Origin::Shadow)
    }

    fn all<K: Kind>(&self, asks: &[Ask<'_, K>], decisions: &mut [Decision]) {
        if asks.first().is_some_and(|ask| self.is_enforced(ask.key())) {
            return;
        }
        for decision in decisions.iter_mut().filter(|decision| !decision.allowed()) {
            *decision = decision.let_through(Origin::Shadow);
        }
    }
}

/// The same number for the same text, in every process.
fn hash(key: Key<'_>) -> u64 {
    struct Hash(DefaultHasher);

    impl fmt::Write for Hash {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }

    let mut hash = Hash(DefaultHasher::new());
    // A hash takes any text.
    let _ = write!(hash, "{key}");
    hash.0.finish()
}

impl<S: Storage<Error = StorageError> + Sync> Storage for Shadow<S> {
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

impl<K: Kind, S: Keeps<K, Error = StorageError> + Sync> Keeps<K> for Shadow<S> {
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let decision = self.storage.acquire(ask, now).await?;
        Ok(self.one(&ask, decision))
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let decision = self.storage.peek(ask, now).await?;
        Ok(self.one(&ask, decision))
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
        self.storage.acquire_all(asks, now, decisions).await?;
        self.all(asks, decisions);
        Ok(())
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        self.storage.peek_all(asks, now, decisions).await?;
        self.all(asks, decisions);
        Ok(())
    }
}
