use super::TableKey;
use super::horizon::Horizon;
use super::packed::TableWindow;
use crate::time::{Micros, Timestamp};

/// A hash table of sets: a key may live only in the slots of its set.
///
/// Slots never move. A slot whose window is over is free.
pub(super) struct Slots<K, W: TableWindow, const N: usize> {
    horizon: Horizon,
    slots: [Slot<K, W::State>; N],
}

struct Slot<K, S> {
    key: K,
    state: S,
}

impl<K: TableKey, W: TableWindow, const N: usize> Slots<K, W, N> {
    /// How many slots a set has: all of a small table, 16 of a larger one.
    pub(super) const WAYS: usize = {
        assert!(
            N <= 32 || N.is_multiple_of(16),
            "a table of more than 32 slots has sets of 16: N must be a multiple of 16"
        );
        if N <= 32 { N } else { 16 }
    };

    /// The bits of the number of a slot in its set: a number without others needs no check.
    const PLACES: usize = Self::WAYS.next_power_of_two() - 1;

    const EMPTY: Slot<K, W::State> = Slot {
        key: K::EMPTY,
        state: W::FRESH,
    };

    pub(super) const fn new() -> Self {
        Self {
            horizon: Horizon::new(),
            slots: [Self::EMPTY; N],
        }
    }

    /// Finds the window of `key`, live or over.
    #[inline]
    pub(super) fn get(&self, key: &K) -> Option<&W::State> {
        let (first, end) = Self::set(key);
        let set = self.slots.get(first..end)?;
        let known = position(set, |slot| slot.key == *key)?;
        Some(&set.get(known)?.state)
    }

    /// Finds the window of `key`, live or over.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut W::State> {
        let (first, end) = Self::set(key);
        let set = self.slots.get_mut(first..end)?;
        let slot = set.iter_mut().find(|slot| slot.key == *key)?;
        Some(&mut slot.state)
    }

    /// Finds the window of `key` or makes room for one of a period, `None` if there is none.
    #[inline]
    pub(super) fn slot(&mut self, key: K, period: Micros, now: Timestamp) -> Option<&mut W::State> {
        let (first, end) = Self::set(&key);
        let set = self.slots.get_mut(first..end)?;
        if let Some(known) = position(set, |slot| slot.key == key) {
            // Its window may be of a longer period from now on.
            self.horizon.extend(period);
            return Some(&mut set.get_mut(known & Self::PLACES)?.state);
        }
        let Some(free) = position(set, |slot| W::is_free(&slot.state, now)) else {
            // A clock that has gone back left ends that are further away than they could
            // be. One slot a call: so each comes to its turn, and a call stays as short.
            let longest = self.horizon.period()?;
            let slot = set.get_mut(self.horizon.turn(Self::WAYS))?;
            W::update(&mut slot.state, |window| window.bring_forward(longest, now));
            return None;
        };
        let slot = set.get_mut(free & Self::PLACES)?;
        slot.key = key;
        W::clear(&mut slot.state);
        self.horizon.extend(period);
        Some(&mut slot.state)
    }

    /// Asks the window of a key.
    #[inline(always)]
    pub(super) fn read<T>(&self, key: &K, read: impl FnOnce(&W) -> T) -> T {
        W::read(self.get(key).unwrap_or(&W::FRESH), read)
    }

    /// Changes the window of a key, in a new slot if it has none; `None` if there is none.
    #[inline(always)]
    pub(super) fn update<T>(
        &mut self,
        key: K,
        period: Micros,
        now: Timestamp,
        update: impl FnOnce(&mut W) -> T,
    ) -> Option<T> {
        let state = self.slot(key, period, now)?;
        Some(W::update(state, update))
    }

    /// Changes the window of a key that has a slot.
    pub(super) fn update_known<T>(
        &mut self,
        key: &K,
        update: impl FnOnce(&mut W) -> T,
    ) -> Option<T> {
        let state = self.get_mut(key)?;
        Some(W::update(state, update))
    }

    pub(super) fn clear(&mut self, key: &K) {
        if let Some(state) = self.get_mut(key) {
            W::clear(state);
        }
    }

    pub(super) fn is_reserved(&self) -> bool {
        self.slots.iter().any(|slot| W::is_reserved(&slot.state))
    }

    pub(super) fn reset(&mut self) -> u64 {
        let mut used = 0;
        for slot in &mut self.slots {
            used += u64::from(!W::is_free(&slot.state, Timestamp::ZERO));
            W::clear(&mut slot.state);
        }
        used
    }

    /// The keys and windows that are not over, set by set.
    pub(super) fn live(&self, now: Timestamp) -> impl Iterator<Item = (&K, &W::State)> {
        let live = move |slot: &&Slot<K, W::State>| !W::is_free(&slot.state, now);
        let live = self.slots.iter().filter(live);
        live.map(|slot| (&slot.key, &slot.state))
    }

    /// Where the slots of a key's set begin and end.
    pub(super) fn set(key: &K) -> (usize, usize) {
        if N <= Self::WAYS {
            return (0, N);
        }
        // The upper half of a product scales a hash to the sets without a division.
        let sets = N / Self::WAYS;
        let set = (u64::from(key.hash()) * sets as u64) >> 32;
        let first = usize::try_from(set).unwrap_or_default() * Self::WAYS;
        (first, first + Self::WAYS)
    }
}

/// Finds the first slot for which something holds, eight to a turn of the loop:
/// on a small core the turns of a loop cost as much as what they look at.
#[inline]
fn position<T>(slots: &[T], holds: impl Fn(&T) -> bool) -> Option<usize> {
    let mut first = 0;
    while let Some([a, b, c, d, e, f, g, h]) = slots.get(first..).and_then(<[T]>::first_chunk) {
        if holds(a) {
            return Some(first);
        }
        if holds(b) {
            return Some(first + 1);
        }
        if holds(c) {
            return Some(first + 2);
        }
        if holds(d) {
            return Some(first + 3);
        }
        if holds(e) {
            return Some(first + 4);
        }
        if holds(f) {
            return Some(first + 5);
        }
        if holds(g) {
            return Some(first + 6);
        }
        if holds(h) {
            return Some(first + 7);
        }
        first += 8;
    }
    let rest = slots.get(first..)?;
    Some(first + rest.iter().position(holds)?)
}
