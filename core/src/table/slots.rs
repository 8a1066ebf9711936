use super::TableKey;
use super::packed::TableWindow;
use crate::time::{Micros, Timestamp};
use crate::window::narrow;

/// A hash table of sets: a key may live only in the slots of its set.
///
/// Slots never move. A slot whose window is over is free.
pub(super) struct Slots<K, W: TableWindow, const N: usize> {
    /// The longest period of the keys, in units of 2^20 microseconds, rounded up.
    longest: u32,
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

    const EMPTY: Slot<K, W::State> = Slot {
        key: K::EMPTY,
        state: W::FRESH,
    };

    pub(super) const fn new() -> Self {
        Self {
            longest: 0,
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
            return Some(&mut set.get_mut(known)?.state);
        }
        let Some(free) = position(set, |slot| W::is_free(&slot.state, now)) else {
            bring_forward::<K, W>(set, longest_period(self.longest), now);
            return None;
        };
        self.longest = self.longest.max(rounded_up(period));
        let slot = set.get_mut(free)?;
        slot.key = key;
        W::clear(&mut slot.state);
        Some(&mut slot.state)
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

/// Frees slots in time that a clock filled which has gone back: their ends are no further
/// away than they could be.
#[cold]
#[inline(never)]
fn bring_forward<K, W: TableWindow>(
    set: &mut [Slot<K, W::State>],
    longest: Micros,
    now: Timestamp,
) {
    for slot in set {
        W::update(&mut slot.state, |window| window.bring_forward(longest, now));
    }
}

fn rounded_up(period: Micros) -> u32 {
    narrow(period.as_micros() >> 20).saturating_add(1)
}

fn longest_period(rounded_up: u32) -> Micros {
    if rounded_up == u32::MAX {
        return Micros::MAX;
    }
    Micros::from_micros(u64::from(rounded_up) << 20)
}

/// Finds the first slot for which something holds, eight to a turn of the loop:
/// on a small core the turns of a loop cost as much as what they look at.
#[inline]
fn position<T>(slots: &[T], holds: impl Fn(&T) -> bool) -> Option<usize> {
    let (eights, rest) = slots.as_chunks::<8>();
    let mut first = 0;
    for [a, b, c, d, e, f, g, h] in eights {
        let place = if holds(a) {
            0
        } else if holds(b) {
            1
        } else if holds(c) {
            2
        } else if holds(d) {
            3
        } else if holds(e) {
            4
        } else if holds(f) {
            5
        } else if holds(g) {
            6
        } else if holds(h) {
            7
        } else {
            first += 8;
            continue;
        };
        return Some(first + place);
    }
    Some(first + rest.iter().position(holds)?)
}
