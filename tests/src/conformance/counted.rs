use core::sync::atomic::{AtomicU64, Ordering};

use limits_core::window::{Charge, Kind, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Storage, Timestamp};

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

    /// The calls since this was last asked.
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

    const MOST_UNITS: u64 = S::MOST_UNITS;
    const IS_IMMEDIATE: bool = S::IS_IMMEDIATE;

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
impl<K: Kind, S: Keeps<K>> Keeps<K> for Counted<S> {
    fn acquire(
        &self,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        self.call().acquire(ask, now)
    }

    fn peek(
        &self,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        self.call().peek(ask, now)
    }

    fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Settled, S::Error>> + Send {
        self.call().settle(kind, key, charge, used, now)
    }

    fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> impl Future<Output = Result<(), S::Error>> + Send {
        self.call().acquire_all(asks, now, decisions)
    }

    fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> impl Future<Output = Result<(), S::Error>> + Send {
        self.call().peek_all(asks, now, decisions)
    }
}
