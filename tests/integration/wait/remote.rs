use core::future::pending;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use limits::storage::{acquire_in_turn, peek_in_turn};
use limits::window::{Charge, Kind, Settled};
use limits::{
    Ask, Decision, Keeps, Key, Limit, MemoryStorage, Storage, StorageError, StorageErrorKind,
    Timestamp,
};
use tokio::time::sleep;

/// Memory behind a network: what is dropped on its way back has been decided.
#[derive(Debug)]
pub(super) struct Remote {
    memory: MemoryStorage,
    way: Duration,
    amount: AtomicU64,
    calls: AtomicU64,
    fails: AtomicU64,
    hangs: AtomicBool,
}

impl Remote {
    /// Makes one whose answers take twice the time of the way.
    pub(super) fn new(way: Duration) -> Self {
        Self {
            memory: MemoryStorage::new(),
            way,
            amount: AtomicU64::new(u64::MAX),
            calls: AtomicU64::new(0),
            fails: AtomicU64::new(0),
            hangs: AtomicBool::new(false),
        }
    }

    /// Makes every limit smaller.
    pub(super) fn lower_to(&self, amount: u64) {
        self.amount.store(amount, Ordering::Relaxed);
    }

    /// Fails so many hits.
    pub(super) fn fail(&self, hits: u64) {
        self.fails.store(hits, Ordering::Relaxed);
    }

    /// Answers no hit any more.
    pub(super) fn hang(&self) {
        self.hangs.store(true, Ordering::Relaxed);
    }

    /// How many hits there were.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn lowered<'a, K: Kind>(&self, ask: &Ask<'a, K>) -> Ask<'a, K> {
        let amount = ask
            .limit()
            .amount()
            .min(self.amount.load(Ordering::Relaxed));
        let limit = Limit::new(amount, ask.limit().period());
        Ask::of_key(ask.kind(), ask.key(), limit, ask.cost())
    }

    fn may_fail(&self) -> Result<(), StorageError> {
        let fails = |left: u64| left.checked_sub(1);
        let failed = self
            .fails
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fails);
        match failed {
            Ok(_) => Err(StorageError::new(
                StorageErrorKind::Unavailable,
                "remote",
                "away",
            )),
            Err(_) => Ok(()),
        }
    }
}

impl Storage for Remote {
    type Error = StorageError;

    async fn check(&self) -> Result<(), StorageError> {
        self.memory.check().await
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        self.memory.reset().await
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.memory.clear(key).await
    }
}

impl<K: Kind> Keeps<K> for Remote
where
    MemoryStorage: Keeps<K, Error = StorageError>,
{
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        sleep(self.way).await;
        if self.hangs.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        self.may_fail()?;
        let decision = self.memory.acquire(self.lowered(&ask), now).await;
        sleep(self.way).await;
        decision
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        sleep(self.way * 2).await;
        self.memory.peek(self.lowered(&ask), now).await
    }

    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        sleep(self.way * 2).await;
        self.memory.settle(kind, key, charge, used, now).await
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
