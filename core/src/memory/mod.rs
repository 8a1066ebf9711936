//! The storage of fixed capacity: a table in a static, no heap, bounded work.

mod key;
mod log;
mod table;

pub use key::{KeyError, TableKey};
pub use log::FixedLog;

use core::cell::RefCell;
use core::fmt;
use core::future::ready;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;

use crate::decision::Decision;
use crate::item::Limit;
use crate::key::Key;
use crate::storage::{
    FixedWindowSupport, MovingWindowSupport, SlidingWindowCounterSupport, Storage,
};
use crate::time::{Micros, Timestamp};
use crate::window::{
    FixedWindow, Increment, Incremented, MovingUsage, MovingWindow, SlidingWindow, Window,
};
use table::Table;

/// Keeps windows of one kind for up to `N` keys, without a heap.
///
/// `M` says who may share it: `NoopRawMutex` one executor,
/// `CriticalSectionRawMutex` interrupts too. `K` is the type of the keys
/// ([`TableKey`]), `W` the kind of window: [`FixedWindow`], [`SlidingWindow`] or
/// [`MovingWindow<FixedLog<L>>`](MovingWindow) for limits of up to `L` units.
///
/// A slot whose window is over is free: nothing is ever swept or evicted. Up to
/// 32 slots every key may use every slot. In a larger table a key may use the 16
/// slots after its home, so a call looks at 16 slots at most; plan for twice the
/// keys that are live at once. When all the slots a key may use are live it is
/// turned away with [`MemoryError::Full`], and the caller decides what that means.
/// A test or the stats of a new key take no slot and don't look for one.
///
/// All calls do their work when called and return finished futures. They hold
/// the mutex for the work on one key.
///
/// ```
/// use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
/// use limits_core::{MemoryStorage, SlidingWindow};
///
/// static ENDPOINTS: MemoryStorage<CriticalSectionRawMutex, u8, SlidingWindow, 4> =
///     MemoryStorage::new();
/// ```
pub struct MemoryStorage<M: RawMutex, K, W, const N: usize> {
    table: Mutex<M, RefCell<Table<K, W, N>>>,
}

impl<M: RawMutex, K: TableKey, W: Window, const N: usize> MemoryStorage<M, K, W, N> {
    /// Makes an empty storage.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            table: Mutex::new(RefCell::new(Table::new())),
        }
    }

    fn read<T>(&self, key: Key<'_>, read: impl FnOnce(&W) -> T) -> Result<T, MemoryError> {
        let key = K::from_key(key)?;
        Ok(self
            .table
            .lock(|table| read(table.borrow().get(&key).unwrap_or(&W::EMPTY))))
    }

    fn write<T>(
        &self,
        key: Key<'_>,
        now: Timestamp,
        write: impl FnOnce(&mut W) -> T,
    ) -> Result<T, MemoryError> {
        let key = K::from_key(key)?;
        self.table.lock(|table| {
            let mut table = table.borrow_mut();
            let window = table.slot(key, now).ok_or(MemoryError::Full)?;
            Ok(write(window))
        })
    }
}

impl<M: RawMutex, K: TableKey, W: Window, const N: usize> Default for MemoryStorage<M, K, W, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: RawMutex, K, W, const N: usize> fmt::Debug for MemoryStorage<M, K, W, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage")
            .field("capacity", &N)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "defmt")]
impl<M: RawMutex, K, W, const N: usize> defmt::Format for MemoryStorage<M, K, W, N> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "MemoryStorage {{ capacity: {} }}", N);
    }
}

impl<M: RawMutex, K: TableKey, W: Window, const N: usize> Storage for MemoryStorage<M, K, W, N> {
    type Error = MemoryError;

    fn check(&self) -> impl Future<Output = Result<(), MemoryError>> + Send {
        ready(Ok(()))
    }

    /// Forgets all keys; those whose windows are over count until their slot is used again.
    fn reset(&self) -> impl Future<Output = Result<u64, MemoryError>> + Send {
        ready(Ok(self.table.lock(|table| table.borrow_mut().reset())))
    }

    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), MemoryError>> + Send {
        let cleared = K::from_key(key).map(|key| {
            self.table.lock(|table| table.borrow_mut().clear(&key));
        });
        ready(cleared.map_err(MemoryError::Key))
    }
}

impl<M: RawMutex, K: TableKey, const N: usize> FixedWindowSupport
    for MemoryStorage<M, K, FixedWindow, N>
{
    fn incr(
        &self,
        key: Key<'_>,
        increment: Increment,
        now: Timestamp,
    ) -> impl Future<Output = Result<Incremented, MemoryError>> + Send {
        // What takes nothing needs no slot, here and below.
        ready(if increment.amount == 0 {
            self.read(key, |window| { *window }.incr(increment, now))
        } else {
            self.write(key, now, |window| window.incr(increment, now))
        })
    }

    fn get(
        &self,
        key: Key<'_>,
        _now: Timestamp,
    ) -> impl Future<Output = Result<FixedWindow, MemoryError>> + Send {
        ready(self.read(key, |window| *window))
    }
}

impl<M: RawMutex, K: TableKey, const N: usize, const L: usize> MovingWindowSupport
    for MemoryStorage<M, K, MovingWindow<FixedLog<L>>, N>
{
    fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, MemoryError>> + Send {
        if !FixedLog::<L>::is_enough_for(limit) {
            return ready(Err(MemoryError::LimitTooLarge));
        }
        if cost == 0 {
            let usage = self.read(key, |window| window.usage(limit, cost, now));
            return ready(usage.map(|usage| Decision::test(limit, cost, now, usage)));
        }
        let acquired = self.write(key, now, |window| window.acquire(limit, cost, now));
        ready(acquired.and_then(|acquired| {
            let (allowed, usage) = acquired?;
            Ok(Decision::hit(allowed, limit, cost, now, usage))
        }))
    }

    fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<MovingUsage, MemoryError>> + Send {
        if !FixedLog::<L>::is_enough_for(limit) {
            return ready(Err(MemoryError::LimitTooLarge));
        }
        ready(self.read(key, |window| window.usage(limit, cost, now)))
    }
}

impl<M: RawMutex, K: TableKey, const N: usize> SlidingWindowCounterSupport
    for MemoryStorage<M, K, SlidingWindow, N>
{
    fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, MemoryError>> + Send {
        if cost == 0 {
            let window = self.read(key, |window| *window);
            return ready(window.map(|window| Decision::test(limit, cost, now, window)));
        }
        ready(self.write(key, now, |window| {
            let allowed = window.acquire(limit, cost, now);
            Decision::hit(allowed, limit, cost, now, *window)
        }))
    }

    fn get_sliding_window(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
    ) -> impl Future<Output = Result<SlidingWindow, MemoryError>> + Send {
        ready(self.read(key, |window| window.advanced(period, now)))
    }
}

/// Why a storage of fixed capacity can't decide.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum MemoryError {
    /// All the slots that the key may use hold live windows of other keys.
    Full,
    /// The key can't be a key of this table.
    Key(KeyError),
    /// The limit's amount is above what the log of a moving window has room for.
    LimitTooLarge,
}

impl From<KeyError> for MemoryError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("memory: no slot is free for a new key"),
            Self::Key(error) => write!(f, "memory: {error}"),
            Self::LimitTooLarge => f.write_str("memory: the amount is above the log's capacity"),
        }
    }
}

impl core::error::Error for MemoryError {}
