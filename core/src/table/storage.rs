use core::cell::RefCell;
use core::fmt;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;

use super::slots::Slots;
use super::{TableError, TableKey, TableWindow};
use crate::decision::Decision;
use crate::item::Limit;
use crate::key::Key;
use crate::poll::Done;
use crate::storage::{Ask, Keeps, Locked, ReserveSupport, Storage, acquire_at_once, peek_at_once};
use crate::time::{Micros, Timestamp};
use crate::window::{Airtime, AirtimeWindow, Charge, Decide, Kind, Settled, Usage};

/// Keeps windows of one kind for up to `N` keys, without a heap.
///
/// `M` says who may share it: `NoopRawMutex` one executor,
/// `CriticalSectionRawMutex` interrupts too. `K` is the type of the keys
/// ([`TableKey`]), `W` the kind of window: [`FixedWindow`](crate::FixedWindow) (12 bytes a
/// slot and the key), [`SlidingWindow`](crate::SlidingWindow) (16),
/// [`GcraWindow<u64>`](crate::GcraWindow) (28),
/// [`MovingWindow<FixedLog<L>>`](crate::MovingWindow)
/// for limits of up to `L` units (`8 * L + 12`), or
/// [`AirtimeWindow<B>`](crate::AirtimeWindow) (`4 * B + 40`). Amounts are at most 2^32 - 1,
/// and of a bucket less than 2^63 when multiplied by the microseconds of the period.
///
/// A slot whose window is over is free: nothing is ever swept or evicted. Up to
/// 32 slots every key may use every slot. A larger table, of a multiple of 16
/// slots, is made of sets of 16 and a key may use those of its set, so a call
/// looks at 16 slots at most; plan for twice the keys that are live at once. When
/// all the slots a key may use are live it is turned away with [`TableError::Full`], and
/// the caller decides what that means.
/// A test or the stats of a new key take no slot and don't look for one.
///
/// All calls do their work when called and return finished futures. They hold
/// the mutex for the work on one key.
///
/// ```
/// use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
/// use limits_core::{TableStorage, SlidingWindow};
///
/// static ENDPOINTS: TableStorage<CriticalSectionRawMutex, u8, SlidingWindow, 4> =
///     TableStorage::new();
/// ```
pub struct TableStorage<M: RawMutex, K, W: TableWindow, const N: usize> {
    slots: Mutex<M, RefCell<Slots<K, W, N>>>,
}

impl<M: RawMutex, K: TableKey, W: TableWindow, const N: usize> TableStorage<M, K, W, N> {
    /// Makes an empty storage.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: Mutex::new(RefCell::new(Slots::new())),
        }
    }

    #[inline(always)]
    pub(super) fn read<T>(
        &self,
        key: Key<'_>,
        read: impl FnOnce(&W) -> T,
    ) -> Result<T, TableError> {
        let key = K::from_key(key)?;
        self.with_slots(|slots| Ok(slots.read(&key, read)))
    }

    #[inline(always)]
    pub(super) fn update<T>(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
        update: impl FnOnce(&mut W) -> T,
    ) -> Result<T, TableError> {
        let key = K::from_key(key)?;
        self.with_slots(|slots| {
            let updated = slots.update(key, period, now, update);
            updated.ok_or(TableError::Full)
        })
    }

    pub(super) fn forget(&self, key: Key<'_>) -> Result<(), TableError> {
        let key = K::from_key(key)?;
        self.with_slots(|slots| {
            slots.clear(&key);
            Ok(())
        })
    }

    #[inline(always)]
    pub(super) fn with_slots<T>(
        &self,
        work: impl FnOnce(&mut Slots<K, W, N>) -> Result<T, TableError>,
    ) -> Result<T, TableError> {
        self.slots.lock(|slots| match slots.try_borrow_mut() {
            Ok(mut slots) => work(&mut slots),
            Err(_) => Err(TableError::InUse),
        })
    }
}

impl<M: RawMutex, K: TableKey, W: TableWindow, const N: usize> Default
    for TableStorage<M, K, W, N>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<M: RawMutex, K, W: TableWindow, const N: usize> fmt::Debug for TableStorage<M, K, W, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableStorage")
            .field("capacity", &N)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "defmt")]
impl<M: RawMutex, K, W: TableWindow, const N: usize> defmt::Format for TableStorage<M, K, W, N> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "TableStorage {{ capacity: {} }}", N);
    }
}

impl<M: RawMutex, K: TableKey, W: TableWindow, const N: usize> Storage
    for TableStorage<M, K, W, N>
{
    type Error = TableError;

    const MOST_UNITS: u64 = u32::MAX as u64;
    const IS_IMMEDIATE: bool = true;

    fn check(&self) -> impl Future<Output = Result<(), TableError>> + Send {
        Done::new(Ok(()))
    }

    /// Forgets all keys; those whose windows are over count until their slot is used again.
    fn reset(&self) -> impl Future<Output = Result<u64, TableError>> + Send {
        Done::new(self.with_slots(|slots| Ok(slots.reset())))
    }

    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), TableError>> + Send {
        Done::new(self.forget(key))
    }
}

impl<Kd, M, K, W, const N: usize> Keeps<Kd> for TableStorage<M, K, W, N>
where
    Kd: Kind,
    M: RawMutex,
    K: TableKey,
    W: TableWindow + Decide<Kd>,
    W::Usage: Into<Usage>,
{
    #[inline(always)]
    fn acquire(
        &self,
        ask: Ask<'_, Kd>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, TableError>> + Send {
        // What takes nothing needs no slot.
        Done::new(if ask.cost() == 0 {
            self.test(ask, now)
        } else {
            self.take(ask, now)
        })
    }

    #[inline(always)]
    fn peek(
        &self,
        ask: Ask<'_, Kd>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, TableError>> + Send {
        Done::new(self.test(ask, now))
    }

    fn settle(
        &self,
        _kind: Kd,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Settled, TableError>> + Send {
        let settled = K::from_key(key).map_err(TableError::from).and_then(|key| {
            self.with_slots(|slots| {
                // A key whose slot was used for another has nothing to be settled.
                let settled = slots.update_known(&key, |window| window.settle(&charge, used, now));
                Ok(settled.unwrap_or(Settled::NOTHING))
            })
        });
        Done::new(settled)
    }

    /// Under one lock.
    fn acquire_all(
        &self,
        asks: &[Ask<'_, Kd>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> impl Future<Output = Result<(), TableError>> + Send {
        let acquire =
            |slots: &mut _| acquire_at_once(&mut LockedSlots { slots, asks }, asks, now, decisions);
        Done::new(self.with_slots(acquire))
    }

    /// Under one lock.
    fn peek_all(
        &self,
        asks: &[Ask<'_, Kd>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> impl Future<Output = Result<(), TableError>> + Send {
        let peek =
            |slots: &mut _| peek_at_once(&mut LockedSlots { slots, asks }, asks, now, decisions);
        Done::new(self.with_slots(peek))
    }
}

impl<M: RawMutex, K: TableKey, W: TableWindow, const N: usize> TableStorage<M, K, W, N> {
    #[inline(always)]
    fn take<Kd>(&self, ask: Ask<'_, Kd>, now: Timestamp) -> Result<Decision, TableError>
    where
        W: Decide<Kd, Usage: Into<Usage>>,
    {
        holds::<W>(ask.limit())?;
        let hit = ask.hit(now);
        self.update(ask.key(), ask.limit().period(), now, |window| {
            let (allowed, usage) = window.acquire(hit);
            Decision::hit(allowed, hit, usage)
        })
    }

    #[inline(always)]
    fn test<Kd>(&self, ask: Ask<'_, Kd>, now: Timestamp) -> Result<Decision, TableError>
    where
        W: Decide<Kd, Usage: Into<Usage>>,
    {
        holds::<W>(ask.limit())?;
        let hit = ask.hit(now);
        let usage = self.read(ask.key(), |window| window.peek(hit))?;
        Ok(Decision::test(hit, usage))
    }
}

#[inline(always)]
fn holds<W: TableWindow>(limit: Limit) -> Result<(), TableError> {
    if W::fits_slot(limit) {
        Ok(())
    } else {
        Err(TableError::LimitTooLarge)
    }
}

/// The slots of a table under its lock.
struct LockedSlots<'s, Kd, K, W: TableWindow, const N: usize> {
    slots: &'s mut Slots<K, W, N>,
    asks: &'s [Ask<'s, Kd>],
}

impl<Kd, K, W, const N: usize> Locked<Kd> for LockedSlots<'_, Kd, K, W, N>
where
    Kd: Kind,
    K: TableKey,
    W: TableWindow + Decide<Kd, Usage: Into<Usage>>,
{
    type Error = TableError;

    fn is_same(&self, one: usize, other: usize) -> bool {
        let key = |number| {
            self.asks
                .get(number)
                .map(|ask: &Ask<'_, Kd>| K::from_key(ask.key()))
        };
        key(one) == key(other)
    }

    fn peek(
        &mut self,
        _number: usize,
        ask: Ask<'_, Kd>,
        now: Timestamp,
    ) -> Result<Decision, TableError> {
        holds::<W>(ask.limit())?;
        let key = K::from_key(ask.key())?;
        let hit = ask.hit(now);
        let usage = self.slots.read(&key, |window| window.peek(hit));
        Ok(Decision::test(hit, usage))
    }

    fn acquire(
        &mut self,
        number: usize,
        ask: Ask<'_, Kd>,
        now: Timestamp,
    ) -> Result<Decision, TableError> {
        if ask.cost() == 0 {
            return self.peek(number, ask, now);
        }
        let hit = ask.hit(now);
        let key = K::from_key(ask.key())?;
        let acquire = |window: &mut W| window.acquire(hit);
        let acquired = self.slots.update(key, ask.limit().period(), now, acquire);
        let (allowed, usage) = acquired.ok_or(TableError::Full)?;
        Ok(Decision::hit(allowed, hit, usage))
    }

    fn give_back(&mut self, _number: usize, ask: Ask<'_, Kd>, charge: &Charge, now: Timestamp) {
        if let Ok(key) = K::from_key(ask.key()) {
            let give_back = |window: &mut W| window.settle(charge, 0, now);
            self.slots.update_known(&key, give_back);
        }
    }
}

impl<M: RawMutex, K: TableKey, const N: usize, const B: usize> ReserveSupport
    for TableStorage<M, K, AirtimeWindow<B>, N>
{
    fn reserve(&self, ask: Ask<'_, Airtime>, now: Timestamp) -> Result<Decision, TableError> {
        if ask.cost() == 0 {
            return self.test(ask, now);
        }
        holds::<AirtimeWindow<B>>(ask.limit())?;
        let hit = ask.hit(now);
        let reserve = |window: &mut AirtimeWindow<B>| window.reserve(hit);
        let (allowed, usage) = self.update(ask.key(), ask.limit().period(), now, reserve)?;
        Ok(Decision::hit(allowed, hit, usage))
    }

    fn settle_reserved(
        &self,
        key: Key<'_>,
        limit: Limit,
        reserved: u64,
        used: u64,
        now: Timestamp,
    ) -> Result<(), TableError> {
        self.update(key, limit.period(), now, |window| {
            window.settle_reserved(limit, reserved, used, now);
        })
    }
}
