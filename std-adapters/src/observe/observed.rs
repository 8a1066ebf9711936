use std::time::Instant;

use limits_core::window::{Charge, Kind, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Storage, Timestamp};

use super::observer::{Observer, Operation};
use crate::error::StorageError;

/// A storage that tells an [`Observer`] of every call.
///
/// A call costs two more readings of the system's monotonic clock, and what the observer
/// does.
#[derive(Clone, Debug)]
pub struct Observed<S, O> {
    storage: S,
    observer: O,
}

impl<S, O> Observed<S, O> {
    /// Makes a storage that tells an observer of every call.
    pub const fn new(storage: S, observer: O) -> Self {
        Self { storage, observer }
    }

    /// The storage within.
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// The observer.
    pub const fn observer(&self) -> &O {
        &self.observer
    }
}

impl<S: Sync, O: Observer> Observed<S, O> {
    async fn observe<T: Send>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, StorageError>> + Send,
        decided: impl FnOnce(&T) + Send,
    ) -> Result<T, StorageError> {
        let told = async {
            let start = Instant::now();
            let answer = call.await;
            let took = start.elapsed();
            if let Ok(answer) = &answer {
                decided(answer);
            }
            self.observer.done(operation, took, answer.as_ref().err());
            answer
        };
        self.observer.around(operation, told).await
    }

    fn decided<K: Kind>(&self, operation: Operation, ask: &Ask<'_, K>, decision: &Decision) {
        let strategy = ask.kind().name();
        self.observer
            .decided(operation, strategy, ask.key(), decision);
    }
}

impl<S: Storage<Error = StorageError> + Sync, O: Observer> Storage for Observed<S, O> {
    type Error = StorageError;

    const MOST_UNITS: u64 = S::MOST_UNITS;
    const IS_IMMEDIATE: bool = S::IS_IMMEDIATE;

    async fn check(&self) -> Result<(), StorageError> {
        self.observe(Operation::Check, self.storage.check(), |_| {})
            .await
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        self.observe(Operation::Reset, self.storage.reset(), |_| {})
            .await
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.observe(Operation::Clear, self.storage.clear(key), |_| {})
            .await
    }
}

impl<K: Kind, S: Keeps<K, Error = StorageError> + Sync, O: Observer> Keeps<K> for Observed<S, O> {
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let call = self.storage.acquire(ask, now);
        self.observe(Operation::Acquire, call, |decision| {
            self.decided(Operation::Acquire, &ask, decision);
        })
        .await
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let call = self.storage.peek(ask, now);
        self.observe(Operation::Peek, call, |decision| {
            self.decided(Operation::Peek, &ask, decision);
        })
        .await
    }

    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        let call = self.storage.settle(kind, key, charge, used, now);
        self.observe(Operation::Settle, call, |_| {}).await
    }

    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        let call = self.storage.acquire_all(asks, now, decisions);
        self.observe(Operation::Acquire, call, |_| {}).await?;
        for (ask, decision) in asks.iter().zip(decisions) {
            self.decided(Operation::Acquire, ask, decision);
        }
        Ok(())
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        let call = self.storage.peek_all(asks, now, decisions);
        self.observe(Operation::Peek, call, |_| {}).await?;
        for (ask, decision) in asks.iter().zip(decisions) {
            self.decided(Operation::Peek, ask, decision);
        }
        Ok(())
    }
}
