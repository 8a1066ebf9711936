//! Storages and limiters chosen at run time.

mod erased;

use core::fmt;
use std::sync::Arc;

use limits_core::limiter::{Elastic, Fixed, IntoDecision, Moving, SlidingCounter, Strategy};
use limits_core::window::{Increment, Incremented, MovingUsage};
use limits_core::{
    Clock, Decision, FixedWindow, FixedWindowSupport, Key, Limit, Micros, MovingWindowSupport,
    RateLimiter, SlidingWindow, SlidingWindowCounterSupport, Storage, Timestamp,
};

use crate::clock::SystemClock;
use crate::error::{StorageError, StorageErrorKind};
use crate::strategy::StrategyName;
use erased::{ErasedFixed, ErasedMoving, ErasedSliding, ErasedStorage};

/// A storage whose type was chosen at run time, such as by a URI.
///
/// A cheap handle: clones share the storage. Each call costs one allocation
/// more than on the storage itself.
#[derive(Clone)]
pub struct AnyStorage(Arc<Parts>);

struct Parts {
    scheme: String,
    storage: Arc<dyn ErasedStorage>,
    fixed: Option<Arc<dyn ErasedFixed>>,
    moving: Option<Arc<dyn ErasedMoving>>,
    sliding: Option<Arc<dyn ErasedSliding>>,
}

impl AnyStorage {
    /// Makes a handle to a storage that keeps all kinds of windows.
    ///
    /// `scheme` names it in errors.
    pub fn new<S>(scheme: &str, storage: S) -> Self
    where
        S: FixedWindowSupport<Error = StorageError>
            + MovingWindowSupport
            + SlidingWindowCounterSupport
            + Send
            + Sync
            + 'static,
    {
        AnyStorageBuilder::new(scheme, storage)
            .fixed_window()
            .moving_window()
            .sliding_window_counter()
            .build()
    }

    /// Tells whether the storage keeps the windows that `strategy` needs.
    #[must_use]
    pub fn supports(&self, strategy: StrategyName) -> bool {
        match strategy {
            StrategyName::FixedWindow | StrategyName::FixedWindowElasticExpiry => {
                self.0.fixed.is_some()
            }
            StrategyName::MovingWindow => self.0.moving.is_some(),
            StrategyName::SlidingWindowCounter => self.0.sliding.is_some(),
        }
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
        if !self.supports(strategy) {
            return Err(self.unsupported(strategy.as_str()));
        }
        Ok(RateLimiter::with_strategy(strategy, self.clone(), clock))
    }

    fn unsupported(&self, window: &str) -> StorageError {
        let reason = format!("this storage does not support {window}");
        StorageError::new(StorageErrorKind::Unsupported, &self.0.scheme, reason)
    }

    fn fixed(&self) -> Result<&dyn ErasedFixed, StorageError> {
        let storage = self.0.fixed.as_deref();
        storage.ok_or_else(|| self.unsupported("fixed windows"))
    }

    fn moving(&self) -> Result<&dyn ErasedMoving, StorageError> {
        let storage = self.0.moving.as_deref();
        storage.ok_or_else(|| self.unsupported("moving windows"))
    }

    fn sliding(&self) -> Result<&dyn ErasedSliding, StorageError> {
        let storage = self.0.sliding.as_deref();
        storage.ok_or_else(|| self.unsupported("sliding window counters"))
    }
}

impl fmt::Debug for AnyStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStorage")
            .field("scheme", &self.0.scheme)
            .finish_non_exhaustive()
    }
}

/// Makes an [`AnyStorage`] of a storage that keeps some kinds of windows only.
///
/// ```
/// use limits::{AnyStorageBuilder, MemoryStorage, StrategyName};
///
/// let storage = AnyStorageBuilder::new("mine", MemoryStorage::new()).fixed_window().build();
/// assert!(storage.supports(StrategyName::FixedWindow));
/// let error = storage.limiter(StrategyName::MovingWindow).unwrap_err();
/// assert_eq!(error.to_string(), "mine: this storage does not support moving-window");
/// ```
pub struct AnyStorageBuilder<S> {
    storage: Arc<S>,
    parts: Parts,
}

impl<S: Storage<Error = StorageError> + Send + Sync + 'static> AnyStorageBuilder<S> {
    /// Begins with a storage that can be checked, cleared and reset.
    pub fn new(scheme: &str, storage: S) -> Self {
        let storage = Arc::new(storage);
        let parts = Parts {
            scheme: scheme.to_owned(),
            storage: Arc::<S>::clone(&storage),
            fixed: None,
            moving: None,
            sliding: None,
        };
        Self { storage, parts }
    }

    /// Adds its fixed windows.
    #[must_use]
    pub fn fixed_window(mut self) -> Self
    where
        S: FixedWindowSupport,
    {
        self.parts.fixed = Some(Arc::<S>::clone(&self.storage));
        self
    }

    /// Adds its moving windows.
    #[must_use]
    pub fn moving_window(mut self) -> Self
    where
        S: MovingWindowSupport,
    {
        self.parts.moving = Some(Arc::<S>::clone(&self.storage));
        self
    }

    /// Adds its sliding window counters.
    #[must_use]
    pub fn sliding_window_counter(mut self) -> Self
    where
        S: SlidingWindowCounterSupport,
    {
        self.parts.sliding = Some(Arc::<S>::clone(&self.storage));
        self
    }

    /// Ends with the handle.
    #[must_use]
    pub fn build(self) -> AnyStorage {
        AnyStorage(Arc::new(self.parts))
    }
}

impl<S> fmt::Debug for AnyStorageBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStorageBuilder")
            .field("scheme", &self.parts.scheme)
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

impl FixedWindowSupport for AnyStorage {
    async fn incr(
        &self,
        key: Key<'_>,
        increment: Increment,
        now: Timestamp,
    ) -> Result<Incremented, StorageError> {
        self.fixed()?.incr(key, increment, now).await
    }

    async fn get(&self, key: Key<'_>, now: Timestamp) -> Result<FixedWindow, StorageError> {
        self.fixed()?.get(key, now).await
    }

    async fn get_expiry(&self, key: Key<'_>, now: Timestamp) -> Result<Timestamp, StorageError> {
        self.fixed()?.get_expiry(key, now).await
    }
}

impl MovingWindowSupport for AnyStorage {
    async fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<Decision, StorageError> {
        self.moving()?.acquire_entry(key, limit, cost, now).await
    }

    async fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<MovingUsage, StorageError> {
        self.moving()?
            .get_moving_window(key, limit, cost, now)
            .await
    }
}

impl SlidingWindowCounterSupport for AnyStorage {
    async fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<Decision, StorageError> {
        let sliding = self.sliding()?;
        sliding
            .acquire_sliding_window_entry(key, limit, cost, now)
            .await
    }

    async fn get_sliding_window(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
    ) -> Result<SlidingWindow, StorageError> {
        self.sliding()?.get_sliding_window(key, period, now).await
    }
}

/// A limiter whose storage and strategy were chosen at run time, made by
/// [`AnyStorage::limiter`].
///
/// ```
/// use limits::{RateLimitItem, StrategyName, storage_from_string};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let storage = storage_from_string("memory://")?;
/// let limiter = storage.limiter(StrategyName::SlidingWindowCounter)?;
/// let item = RateLimitItem::per_hour(100);
/// assert_eq!(limiter.hit(&item, &["user", "42"], 30).await?.remaining(), 70);
/// # Ok(())
/// # }
/// ```
pub type AnyRateLimiter = RateLimiter<StrategyName, AnyStorage, SystemClock>;

impl Strategy<AnyStorage> for StrategyName {
    async fn acquire(
        &self,
        storage: &AnyStorage,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<impl IntoDecision, StorageError> {
        let decide = Decide { limit, cost, now };
        match self {
            Self::FixedWindow => {
                decide
                    .on(Fixed.acquire(storage, key, limit, cost, now))
                    .await
            }
            Self::FixedWindowElasticExpiry => {
                decide
                    .on(Elastic.acquire(storage, key, limit, cost, now))
                    .await
            }
            Self::MovingWindow => {
                decide
                    .on(Moving.acquire(storage, key, limit, cost, now))
                    .await
            }
            Self::SlidingWindowCounter => {
                decide
                    .on(SlidingCounter.acquire(storage, key, limit, cost, now))
                    .await
            }
        }
    }

    async fn peek(
        &self,
        storage: &AnyStorage,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<impl IntoDecision, StorageError> {
        let decide = Decide { limit, cost, now };
        match self {
            Self::FixedWindow => decide.on(Fixed.peek(storage, key, limit, cost, now)).await,
            Self::FixedWindowElasticExpiry => {
                decide
                    .on(Elastic.peek(storage, key, limit, cost, now))
                    .await
            }
            Self::MovingWindow => decide.on(Moving.peek(storage, key, limit, cost, now)).await,
            Self::SlidingWindowCounter => {
                decide
                    .on(SlidingCounter.peek(storage, key, limit, cost, now))
                    .await
            }
        }
    }
}

/// What turns the strategies' different answers into one type.
#[derive(Clone, Copy)]
struct Decide {
    limit: Limit,
    cost: u64,
    now: Timestamp,
}

impl Decide {
    async fn on<T: IntoDecision>(
        self,
        answer: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<Decision, StorageError> {
        let answer = answer.await?;
        Ok(answer.into_decision(self.limit, self.cost, self.now))
    }
}
