//! The state of a breaker, and the probe that closes it.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::sync::{Arc, Weak};

use limits_core::Storage;
use tokio::time::{sleep, timeout};

/// Counts failures in a row: as many as there may be, and it is open.
#[derive(Debug)]
pub(super) struct Circuit {
    failures: AtomicU32,
    most: AtomicU32,
}

impl Circuit {
    pub(super) const fn new(most: u32) -> Self {
        Self {
            failures: AtomicU32::new(0),
            most: AtomicU32::new(most),
        }
    }

    pub(super) fn set_most(&self, most: u32) {
        self.most.store(most.max(1), Ordering::Relaxed);
    }

    pub(super) fn most(&self) -> u32 {
        self.most.load(Ordering::Relaxed)
    }

    pub(super) fn is_open(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= self.most()
    }

    /// Takes note of an answer. One that comes after the circuit was opened changes nothing.
    pub(super) fn succeeded(&self) {
        // Most of the time there is nothing to write, which others would have to read.
        if self.failures.load(Ordering::Relaxed) > 0 {
            self.count(|_| 0);
        }
    }

    /// Takes note of a failure, and tells whether it is the one that opened the circuit.
    pub(super) fn failed(&self) -> bool {
        self.count(|failures| failures + 1) == Some(self.most() - 1)
    }

    /// Tells the failures before, if the circuit was not open.
    fn count(&self, next: impl Fn(u32) -> u32) -> Option<u32> {
        let count = |failures: u32| (failures < self.most()).then(|| next(failures));
        let before = self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count);
        before.ok()
    }

    fn close(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Lets one more failure open it again.
    fn half_open(&self) {
        self.failures.store(self.most() - 1, Ordering::Relaxed);
    }
}

/// Checks the storage every so often, and closes the circuit when it answers. Ends when
/// nobody has the storage any more.
pub(super) async fn probe<S>(storage: Weak<S>, mut probing: Probing, pause: Duration)
where
    S: Storage + Send + Sync,
{
    loop {
        sleep(pause).await;
        let Some(storage) = storage.upgrade() else {
            return;
        };
        if let Ok(Ok(())) = timeout(pause, storage.check()).await {
            break;
        }
    }
    if let Some(circuit) = probing.0.take() {
        circuit.close();
    }
}

/// A probe under way. If it ends before the storage answers, as with its runtime, calls
/// have to find out.
pub(super) struct Probing(Option<Arc<Circuit>>);

impl Probing {
    pub(super) const fn new(circuit: Arc<Circuit>) -> Self {
        Self(Some(circuit))
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        if let Some(circuit) = &self.0 {
            circuit.half_open();
        }
    }
}
