use core::sync::atomic::{AtomicU64, Ordering};

use limits_core::window::{Increment, Incremented, MovingUsage};
use limits_core::{
    Decision, FixedWindow, FixedWindowSupport, Key, Limit, Micros, MovingWindowSupport,
    SlidingWindow, SlidingWindowCounterSupport, Storage, Timestamp,
};

/// A storage that counts the calls made to it and passes them on.
#[derive(Debug)]
pub struct Counted<S> {
    storage: S,
    calls: AtomicU64,
}

impl<S> Counted<S> {
    /// Makes a storage that passes its calls on to `storage`.
    pub const fn new(storage: S) -> Self {
        Self {
            storage,
            calls: AtomicU64::new(0),
        }
    }

    /// Tells the calls since this was last asked.
    pub fn take_calls(&self) -> u64 {
        self.calls.swap(0, Ordering::Relaxed)
    }

    fn call(&self) -> &S {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.storage
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Storage> Storage for Counted<S> {
    type Error = S::Error;

    fn check(&self) -> impl Future<Output = Result<(), S::Error>> + Send {
        self.call().check()
    }

    fn reset(&self) -> impl Future<Output = Result<u64, S::Error>> + Send {
        self.call().reset()
    }

    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), S::Error>> + Send {
        self.call().clear(key)
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: FixedWindowSupport> FixedWindowSupport for Counted<S> {
    fn incr(
        &self,
        key: Key<'_>,
        increment: Increment,
        now: Timestamp,
    ) -> impl Future<Output = Result<Incremented, S::Error>> + Send {
        self.call().incr(key, increment, now)
    }

    fn get(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<FixedWindow, S::Error>> + Send {
        self.call().get(key, now)
    }

    fn get_expiry(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Timestamp, S::Error>> + Send {
        self.call().get_expiry(key, now)
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: MovingWindowSupport> MovingWindowSupport for Counted<S> {
    fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        self.call().acquire_entry(key, limit, cost, now)
    }

    fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<MovingUsage, S::Error>> + Send {
        self.call().get_moving_window(key, limit, cost, now)
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: SlidingWindowCounterSupport> SlidingWindowCounterSupport for Counted<S> {
    fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        let storage = self.call();
        storage.acquire_sliding_window_entry(key, limit, cost, now)
    }

    fn get_sliding_window(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
    ) -> impl Future<Output = Result<SlidingWindow, S::Error>> + Send {
        self.call().get_sliding_window(key, period, now)
    }
}
