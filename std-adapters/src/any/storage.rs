use core::fmt;
use std::sync::Arc;

use limits_core::storage::{acquire_in_turn, peek_in_turn};
use limits_core::window::{Charge, Kind, Settled};
use limits_core::{
    Ask, Clock, Decision, Keeps, Key, RateLimiter, Storage, StrategyName, Timestamp,
};

use super::erased::{ErasedKeeper, ErasedStorage, ErasedTogether};
use crate::clock::SystemClock;
use crate::error::{StorageError, StorageErrorKind};

/// A storage whose type was chosen at run time, such as by a URI.
///
/// A cheap handle: clones share the storage. Each call costs one allocation
/// more than on the storage itself, but none on one that never waits.
///
/// It keeps windows of every kind as far as the compiler knows; which the storage keeps
/// is [asked](Self::supports) when a limiter is made.
#[derive(Clone)]
pub struct AnyStorage(Arc<Parts>);

/// What is known of a storage behind pointers.
pub(super) struct Parts {
    pub(super) scheme: String,
    storage: Arc<dyn ErasedStorage>,
    /// What it keeps, by the number of the strategy.
    keepers: [Option<Arc<dyn ErasedKeeper>>; StrategyName::ALL.len()],
    pub(super) together: Option<Arc<dyn ErasedTogether>>,
}

impl Parts {
    pub(super) fn new(scheme: &str, storage: Arc<dyn ErasedStorage>) -> Self {
        Self {
            scheme: scheme.to_owned(),
            storage,
            keepers: [const { None }; StrategyName::ALL.len()],
            together: None,
        }
    }

    pub(super) fn keep(&mut self, strategy: StrategyName, keeper: Arc<dyn ErasedKeeper>) {
        self.keepers[strategy as usize] = Some(keeper);
    }

    #[cfg(feature = "resilience")]
    pub(super) fn keep_only(&mut self, keeps: impl Fn(StrategyName) -> bool) {
        let all = StrategyName::ALL
            .iter()
            .filter(|strategy| !keeps(**strategy));
        for strategy in all {
            self.keepers[*strategy as usize] = None;
        }
    }
}

impl AnyStorage {
    pub(super) fn of(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Whether the storage keeps the windows that `strategy` needs.
    #[must_use]
    pub fn supports(&self, strategy: StrategyName) -> bool {
        self.0.keepers[strategy as usize].is_some()
    }

    /// Makes a limiter that keeps its windows here.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](StorageErrorKind::Unsupported) if the storage doesn't keep such windows.
    pub fn limiter(&self, strategy: StrategyName) -> Result<AnyRateLimiter, StorageError> {
        self.limiter_with_clock(strategy, SystemClock)
    }

    /// Makes a limiter that keeps its windows here and reads the time from `clock`.
    ///
    /// # Errors
    ///
    /// As [`limiter`](Self::limiter).
    pub fn limiter_with_clock<C: Clock>(
        &self,
        strategy: StrategyName,
        clock: C,
    ) -> Result<RateLimiter<StrategyName, Self, C>, StorageError> {
        self.keeper(strategy)?;
        Ok(RateLimiter::with_strategy(strategy, self.clone(), clock))
    }

    fn keeper(&self, strategy: StrategyName) -> Result<&dyn ErasedKeeper, StorageError> {
        let keeper = self.0.keepers[strategy as usize].as_deref();
        keeper.ok_or_else(|| {
            let reason = format!("this storage does not support {strategy}");
            StorageError::new(StorageErrorKind::Unsupported, &self.0.scheme, reason)
        })
    }
}

impl fmt::Debug for AnyStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStorage")
            .field("scheme", &self.0.scheme)
            .finish_non_exhaustive()
    }
}

impl Storage for AnyStorage {
    type Error = StorageError;

    async fn check(&self) -> Result<(), StorageError> {
        self.0.storage.check().await
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        self.0.storage.reset().await
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.0.storage.clear(key).await
    }
}

impl<K: Kind + Into<StrategyName>> Keeps<K> for AnyStorage {
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let keeper = self.keeper(ask.kind().into())?;
        keeper.acquire(ask.with_kind(()), now).await
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let keeper = self.keeper(ask.kind().into())?;
        keeper.peek(ask.with_kind(()), now).await
    }

    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        let keeper = self.keeper(kind.into())?;
        keeper.settle(key, charge, used, now).await
    }

    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        match &self.0.together {
            Some(storage) => {
                let asks = self.supported(asks)?;
                storage.acquire_all(&asks, now, decisions).await
            }
            None => acquire_in_turn(self, asks, now, decisions).await,
        }
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        match &self.0.together {
            Some(storage) => {
                let asks = self.supported(asks)?;
                storage.peek_all(&asks, now, decisions).await
            }
            None => peek_in_turn(self, asks, now, decisions).await,
        }
    }
}

impl AnyStorage {
    /// The asks by the names of their strategies, all of which the storage keeps.
    fn supported<'a, K: Kind + Into<StrategyName>>(
        &self,
        asks: &[Ask<'a, K>],
    ) -> Result<Vec<Ask<'a, StrategyName>>, StorageError> {
        let supported = |ask: &Ask<'a, K>| {
            let strategy = ask.kind().into();
            self.keeper(strategy)?;
            Ok(ask.with_kind(strategy))
        };
        asks.iter().map(supported).collect()
    }
}

/// A limiter whose storage and strategy were chosen at run time, made by
/// [`AnyStorage::limiter`].
///
/// Its [`hit_all`](RateLimiter::hit_all) takes limits of any strategies.
///
/// ```
/// use limits::{Ask, RateLimitItem, StrategyName, storage_from_string};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let storage = storage_from_string("memory://")?;
/// let limiter = storage.limiter(StrategyName::SlidingWindowCounter)?;
/// let item = RateLimitItem::per_hour(100);
/// assert_eq!(limiter.hit(&item, &["user", "42"], 30).await?.remaining(), 70);
///
/// let burst = RateLimitItem::per_second(5);
/// let both = [
///     Ask::new(StrategyName::SlidingWindowCounter, &item, &["user", "42"], 1),
///     Ask::new(StrategyName::Gcra, &burst, "all users", 1),
/// ];
/// assert!(limiter.hit_all(&both).await?.allowed());
/// # Ok(())
/// # }
/// ```
pub type AnyRateLimiter = RateLimiter<StrategyName, AnyStorage, SystemClock>;
