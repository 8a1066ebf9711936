use core::future::pending;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use limits::storage::{acquire_in_turn, peek_in_turn};
use limits::window::{Charge, Kind, Settled};
use limits::{
    Ask, Decision, Keeps, Key, Limit, MemoryStorage, Storage, StorageError, StorageErrorKind,
    Timestamp,
};
use tokio::time::sleep;

/// Memory behind a network, by tokio's time: it takes time to get there and back, what is
/// dropped on its way back has been decided, and it can be made to fail.
#[derive(Debug)]
pub struct Remote {
    memory: MemoryStorage,
    way: Duration,
    most: AtomicU64,
    calls: AtomicU64,
    health: Mutex<Health>,
}

#[derive(Clone, Copy, Debug)]
enum Health {
    Well,
    /// So many calls fail, as what.
    Fails(u64, StorageErrorKind),
    Hangs,
}

impl Remote {
    /// Makes an empty one, whose answers take twice the time of the way.
    #[must_use]
    pub fn new(way: Duration) -> Self {
        Self {
            memory: MemoryStorage::new(),
            way,
            most: AtomicU64::new(u64::MAX),
            calls: AtomicU64::new(0),
            health: Mutex::new(Health::Well),
        }
    }

    /// Makes every larger limit as small as that.
    pub fn lower_to(&self, amount: u64) {
        self.most.store(amount, Ordering::Relaxed);
    }

    /// Fails so many calls, unreachable.
    pub fn fail(&self, calls: u64) {
        self.set(Health::Fails(calls, StorageErrorKind::Unavailable));
    }

    /// Fails every call until it recovers.
    pub fn fail_as(&self, kind: StorageErrorKind) {
        self.set(Health::Fails(u64::MAX, kind));
    }

    /// Answers no call until it recovers, and those never that came meanwhile.
    pub fn hang(&self) {
        self.set(Health::Hangs);
    }

    /// Answers again.
    pub fn recover(&self) {
        self.set(Health::Well);
    }

    /// The calls since this was last asked.
    pub fn take_calls(&self) -> u64 {
        self.calls.swap(0, Ordering::Relaxed)
    }

    fn set(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    fn health(&self) -> Health {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let now = *health;
        *health = match now {
            Health::Fails(1, _) => Health::Well,
            Health::Fails(calls, kind) => Health::Fails(calls - 1, kind),
            other => other,
        };
        now
    }

    /// The way there.
    async fn reach(&self) -> Result<&MemoryStorage, StorageError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        sleep(self.way).await;
        match self.health() {
            Health::Well => Ok(&self.memory),
            Health::Hangs => pending().await,
            Health::Fails(_, kind) => Err(StorageError::new(kind, "remote", "made to fail")),
        }
    }

    fn lowered<'a, K: Kind>(&self, ask: &Ask<'a, K>) -> Ask<'a, K> {
        let most = self.most.load(Ordering::Relaxed);
        let limit = Limit::new(ask.limit().amount().min(most), ask.limit().period());
        Ask::of_key(ask.kind(), ask.key(), limit, ask.cost())
    }
}

impl Storage for Remote {
    type Error = StorageError;

    async fn check(&self) -> Result<(), StorageError> {
        let checked = self.reach().await?.check().await;
        sleep(self.way).await;
        checked
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        let reset = self.reach().await?.reset().await;
        sleep(self.way).await;
        reset
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        let cleared = self.reach().await?.clear(key).await;
        sleep(self.way).await;
        cleared
    }
}

impl<K: Kind> Keeps<K> for Remote
where
    MemoryStorage: Keeps<K, Error = StorageError>,
{
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let memory = self.reach().await?;
        let decision = memory.acquire(self.lowered(&ask), now).await;
        sleep(self.way).await;
        decision
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let memory = self.reach().await?;
        let decision = memory.peek(self.lowered(&ask), now).await;
        sleep(self.way).await;
        decision
    }

    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        let memory = self.reach().await?;
        let settled = memory.settle(kind, key, charge, used, now).await;
        sleep(self.way).await;
        settled
    }

    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        acquire_in_turn(self, asks, now, decisions).await
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        peek_in_turn(self, asks, now, decisions).await
    }
}
