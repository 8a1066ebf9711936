use core::time::Duration;
use std::borrow::Cow;
use std::sync::Arc;

use limits_core::window::{Charge, Kind, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Storage, Timestamp};

use super::circuit::{Circuit, Probing, probe};
use super::failure::is_outage;
use crate::error::{StorageError, StorageErrorKind};

/// A storage that is left alone when it fails again and again, until it answers a probe.
///
/// After five failures in a row, or as many as you say, calls fail at once with an error of
/// kind [`Unavailable`](StorageErrorKind::Unavailable), and don't reach the storage. Then
/// one task in the background [checks](Storage::check) it every second, or as often as you
/// say, so that no caller waits for the outcome; as soon as it answers calls go through
/// again. What counts is that the storage is out of reach: errors of kind `Unavailable`,
/// `Timeout` and `Configuration`. What is about one key is an answer.
///
/// Put a [`Timeout`](super::Timeout) inside: what hangs doesn't fail. A check
/// goes to the storage at any time.
///
/// The task runs on the runtime of the call that failed last, and ends when the storage
/// answers or is dropped. If the runtime ends before, the next call is the probe.
///
/// # Panics
///
/// The call that fails once too often, outside of a tokio runtime with a time driver.
#[derive(Debug)]
pub struct Breaker<S> {
    storage: Arc<S>,
    circuit: Arc<Circuit>,
    pause: Duration,
    name: Cow<'static, str>,
}

impl<S> Breaker<S> {
    /// Makes a storage that is left alone after five failures and probed every second.
    #[must_use]
    pub fn new(storage: S) -> Self {
        Self {
            storage: Arc::new(storage),
            circuit: Arc::new(Circuit::new(5)),
            pause: Duration::from_secs(1),
            name: Cow::Borrowed("limits"),
        }
    }

    /// Sets how many failures in a row open it: one at least.
    #[must_use]
    pub fn with_failures(self, failures: u32) -> Self {
        self.circuit.set_most(failures);
        self
    }

    /// Sets how long it is from one probe to the next, and how long one may take.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        // Without any it would check without end.
        let pause = pause.max(Duration::from_millis(1));
        Self { pause, ..self }
    }

    /// Names the storage in errors.
    #[must_use]
    pub fn with_name(self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        Self { name, ..self }
    }

    /// Whether the storage is being left alone.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.circuit.is_open()
    }

    /// The storage within.
    #[must_use]
    pub fn storage(&self) -> &S {
        &self.storage
    }

    pub(super) const fn pause(&self) -> Duration {
        self.pause
    }
}

impl<S: Storage<Error = StorageError> + Send + Sync + 'static> Breaker<S> {
    async fn call<T, F>(&self, call: impl FnOnce() -> F + Send) -> Result<T, StorageError>
    where
        F: Future<Output = Result<T, StorageError>> + Send,
    {
        if self.is_open() {
            return Err(self.left_alone());
        }
        let answer = call().await;
        match &answer {
            Err(error) if is_outage(error) => self.failed(),
            _ => self.circuit.succeeded(),
        }
        answer
    }

    fn failed(&self) {
        if self.circuit.failed() {
            let storage = Arc::downgrade(&self.storage);
            let probing = Probing::new(Arc::clone(&self.circuit));
            tokio::spawn(probe(storage, probing, self.pause));
        }
    }

    fn left_alone(&self) -> StorageError {
        let failures = self.circuit.most();
        let reason = format!("not asked, since it failed {failures} times in a row");
        StorageError::new(StorageErrorKind::Unavailable, self.name.clone(), reason)
    }
}

impl<S: Storage<Error = StorageError> + Send + Sync + 'static> Storage for Breaker<S> {
    type Error = StorageError;

    const MOST_UNITS: u64 = S::MOST_UNITS;
    const IS_IMMEDIATE: bool = S::IS_IMMEDIATE;

    async fn check(&self) -> Result<(), StorageError> {
        self.storage.check().await
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        self.call(|| self.storage.reset()).await
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.call(|| self.storage.clear(key)).await
    }
}

impl<K, S> Keeps<K> for Breaker<S>
where
    K: Kind,
    S: Keeps<K, Error = StorageError> + Send + Sync + 'static,
{
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.call(|| self.storage.acquire(ask, now)).await
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.call(|| self.storage.peek(ask, now)).await
    }

    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        self.call(|| self.storage.settle(kind, key, charge, used, now))
            .await
    }

    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        self.call(|| self.storage.acquire_all(asks, now, decisions))
            .await
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        self.call(|| self.storage.peek_all(asks, now, decisions))
            .await
    }
}
