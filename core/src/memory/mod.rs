//! The storage of fixed capacity: a table in a static, no heap, bounded work.

mod blocks;
mod key;
mod log;
mod saved;
mod state;
mod table;

pub use blocks::Blocks;
pub use key::{KeyError, TableKey};
pub use log::FixedLog;
pub use saved::{SavedKey, SavedWindow, StateError, StateReader, StateWriter};
pub use state::{TableMovingWindow, TableWindow};

use core::cell::RefCell;
use core::fmt;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;

use crate::decision::Decision;
use crate::item::Limit;
use crate::key::Key;
use crate::poll::Done;
use crate::storage::{
    FixedWindowSupport, MovingWindowSupport, ReserveSupport, SlidingWindowCounterSupport, Storage,
};
use crate::time::{Micros, Timestamp};
use crate::window::{
    AirtimeWindow, FixedWindow, Increment, Incremented, MovingUsage, SlidingWindow,
};
use state::can_count;
use table::Table;

/// Keeps windows of one kind for up to `N` keys, without a heap.
///
/// `M` says who may share it: `NoopRawMutex` one executor,
/// `CriticalSectionRawMutex` interrupts too. `K` is the type of the keys
/// ([`TableKey`]), `W` the kind of window: [`FixedWindow`] (12 bytes a slot and the
/// key), [`SlidingWindow`] (16), [`MovingWindow<FixedLog<L>>`](crate::MovingWindow)
/// for limits of up to `L` units (`8 * L + 12`), or [`AirtimeWindow<B>`](AirtimeWindow)
/// (`4 * B + 40`). Amounts are at most 2^32 - 1.
///
/// A slot whose window is over is free: nothing is ever swept or evicted. Up to
/// 32 slots every key may use every slot. A larger table, of a multiple of 16
/// slots, is made of sets of 16 and a key may use those of its set, so a call
/// looks at 16 slots at most; plan for twice the keys that are live at once. When
/// all the slots a key may use are live it is turned away with [`MemoryError::Full`], and the caller decides what that means.
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
pub struct MemoryStorage<M: RawMutex, K, W: TableWindow, const N: usize> {
    table: Mutex<M, RefCell<Table<K, W, N>>>,
}

impl<M: RawMutex, K: TableKey, W: TableWindow, const N: usize> MemoryStorage<M, K, W, N> {
    /// Makes an empty storage.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            table: Mutex::new(RefCell::new(Table::new())),
        }
    }

    #[inline(always)]
    fn read<T>(&self, key: Key<'_>, read: impl FnOnce(&W::State) -> T) -> Result<T, MemoryError> {
        let key = K::from_key(key)?;
        self.with_table(|table| Ok(read(table.get(&key).unwrap_or(&W::EMPTY))))
    }

    #[inline(always)]
    fn write<T>(
        &self,
        key: Key<'_>,
        now: Timestamp,
        write: impl FnOnce(&mut W::State) -> T,
    ) -> Result<T, MemoryError> {
        let key = K::from_key(key)?;
        self.with_table(|table| Ok(write(table.slot(key, now).ok_or(MemoryError::Full)?)))
    }

    fn forget(&self, key: Key<'_>) -> Result<(), MemoryError> {
        let key = K::from_key(key)?;
        self.with_table(|table| {
            table.clear(&key);
            Ok(())
        })
    }

    #[inline(always)]
    fn with_table<T>(
        &self,
        work: impl FnOnce(&mut Table<K, W, N>) -> Result<T, MemoryError>,
    ) -> Result<T, MemoryError> {
        self.table.lock(|table| match table.try_borrow_mut() {
            Ok(mut table) => work(&mut table),
            Err(_) => Err(MemoryError::InUse),
        })
    }
}

impl<M: RawMutex, K: TableKey, W: TableWindow, const N: usize> Default
    for MemoryStorage<M, K, W, N>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<M: RawMutex, K, W: TableWindow, const N: usize> fmt::Debug for MemoryStorage<M, K, W, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage")
            .field("capacity", &N)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "defmt")]
impl<M: RawMutex, K, W: TableWindow, const N: usize> defmt::Format for MemoryStorage<M, K, W, N> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "MemoryStorage {{ capacity: {} }}", N);
    }
}

impl<M: RawMutex, K: TableKey, W: TableWindow, const N: usize> Storage
    for MemoryStorage<M, K, W, N>
{
    type Error = MemoryError;

    fn check(&self) -> impl Future<Output = Result<(), MemoryError>> + Send {
        Done::new(Ok(()))
    }

    /// Forgets all keys; those whose windows are over count until their slot is used again.
    fn reset(&self) -> impl Future<Output = Result<u64, MemoryError>> + Send {
        Done::new(self.with_table(|table| Ok(table.reset())))
    }

    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), MemoryError>> + Send {
        Done::new(self.forget(key))
    }
}

impl<M: RawMutex, K: TableKey, const N: usize> FixedWindowSupport
    for MemoryStorage<M, K, FixedWindow, N>
{
    #[inline(always)]
    fn incr(
        &self,
        key: Key<'_>,
        increment: Increment,
        now: Timestamp,
    ) -> impl Future<Output = Result<Incremented, MemoryError>> + Send {
        if !increment.ceiling.is_none_or(can_count) {
            return Done::new(Err(MemoryError::LimitTooLarge));
        }
        // What takes nothing needs no slot, here and below.
        Done::new(if increment.amount == 0 {
            self.read(key, |state| FixedWindow::from(*state).incr(increment, now))
        } else {
            self.write(key, now, |state| {
                let mut window = FixedWindow::from(*state);
                let incremented = window.incr(increment, now);
                *state = window.into();
                incremented
            })
        })
    }

    #[inline(always)]
    fn get(
        &self,
        key: Key<'_>,
        _now: Timestamp,
    ) -> impl Future<Output = Result<FixedWindow, MemoryError>> + Send {
        Done::new(self.read(key, |state| (*state).into()))
    }
}

impl<M: RawMutex, K: TableKey, W: TableMovingWindow, const N: usize> MovingWindowSupport
    for MemoryStorage<M, K, W, N>
{
    #[inline(always)]
    fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, MemoryError>> + Send {
        if !W::can_hold(limit) {
            return Done::new(Err(MemoryError::LimitTooLarge));
        }
        if cost == 0 {
            let usage = self.read(key, |window| window.usage(limit, cost, now));
            return Done::new(usage.map(|usage| Decision::test(limit, cost, now, usage)));
        }
        let acquired = self.write(key, now, |window| window.acquire(limit, cost, now));
        Done::new(acquired.and_then(|acquired| {
            let (allowed, usage) = acquired?;
            Ok(Decision::hit(allowed, limit, cost, now, usage))
        }))
    }

    #[inline(always)]
    fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<MovingUsage, MemoryError>> + Send {
        if !W::can_hold(limit) {
            return Done::new(Err(MemoryError::LimitTooLarge));
        }
        Done::new(self.read(key, |window| window.usage(limit, cost, now)))
    }
}

impl<M: RawMutex, K: TableKey, const N: usize, const B: usize> ReserveSupport
    for MemoryStorage<M, K, AirtimeWindow<B>, N>
{
    fn reserve(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<Decision, MemoryError> {
        if !can_count(limit.amount()) {
            return Err(MemoryError::LimitTooLarge);
        }
        if cost == 0 {
            let usage = self.read(key, |window| window.usage(limit, cost, now))?;
            return Ok(Decision::test(limit, cost, now, usage));
        }
        let (allowed, usage) = self.write(key, now, |window| window.reserve(limit, cost, now))?;
        Ok(Decision::hit(allowed, limit, cost, now, usage))
    }

    fn settle(
        &self,
        key: Key<'_>,
        limit: Limit,
        reserved: u64,
        used: u64,
        now: Timestamp,
    ) -> Result<(), MemoryError> {
        self.write(key, now, |window| window.settle(limit, reserved, used, now))
    }
}

impl<M: RawMutex, K: TableKey, const N: usize> SlidingWindowCounterSupport
    for MemoryStorage<M, K, SlidingWindow, N>
{
    #[inline(always)]
    fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, MemoryError>> + Send {
        if !can_count(limit.amount()) {
            return Done::new(Err(MemoryError::LimitTooLarge));
        }
        if cost == 0 {
            let window = self.read(key, |state| SlidingWindow::from(*state));
            return Done::new(window.map(|window| Decision::test(limit, cost, now, window)));
        }
        Done::new(self.write(key, now, |state| {
            let mut window = SlidingWindow::from(*state);
            let allowed = window.acquire(limit, cost, now);
            *state = window.into();
            Decision::hit(allowed, limit, cost, now, window)
        }))
    }

    #[inline(always)]
    fn get_sliding_window(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
    ) -> impl Future<Output = Result<SlidingWindow, MemoryError>> + Send {
        Done::new(self.read(key, |state| {
            SlidingWindow::from(*state).advanced(period, now)
        }))
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
    /// The limit's amount is above 2^32 - 1, or above what the log of a moving window has room for.
    LimitTooLarge,
    /// The storage is called by the hash or the comparison of its own key.
    InUse,
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
            Self::LimitTooLarge => f.write_str("memory: the amount is above what a slot can count"),
            Self::InUse => f.write_str("memory: called from within a call"),
        }
    }
}

impl core::error::Error for MemoryError {}
