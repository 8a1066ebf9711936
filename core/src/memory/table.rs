use super::TableKey;
use super::state::TableWindow;
use crate::time::Timestamp;

/// A hash table of sets: a key may live only in the slots of its set.
///
/// Slots never move. A slot whose window is over is free.
pub(super) struct Table<K, W: TableWindow, const N: usize> {
    slots: [Slot<K, W::State>; N],
}

struct Slot<K, S> {
    key: K,
    state: S,
}

impl<K: TableKey, W: TableWindow, const N: usize> Table<K, W, N> {
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
        state: W::EMPTY,
    };

    pub(super) const fn new() -> Self {
        Self {
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

    /// Finds the window of `key` or makes room for one, `None` if there is none.
    #[inline]
    pub(super) fn slot(&mut self, key: K, now: Timestamp) -> Option<&mut W::State> {
        let (first, end) = Self::set(&key);
        let set = self.slots.get_mut(first..end)?;
        if let Some(known) = position(set, |slot| slot.key == key) {
            return Some(&mut set.get_mut(known)?.state);
        }
        let free = position(set, |slot| W::expires_at(&slot.state) <= now)?;
        let slot = set.get_mut(free)?;
        slot.key = key;
        W::clear(&mut slot.state);
        Some(&mut slot.state)
    }

    pub(super) fn clear(&mut self, key: &K) {
        let (first, end) = Self::set(key);
        let set = self.slots.get_mut(first..end).unwrap_or_default();
        if let Some(slot) = set.iter_mut().find(|slot| slot.key == *key) {
            W::clear(&mut slot.state);
        }
    }

    pub(super) fn is_reserved(&self) -> bool {
        self.slots.iter().any(|slot| W::is_reserved(&slot.state))
    }

    pub(super) fn reset(&mut self) -> u64 {
        let mut used = 0;
        for slot in &mut self.slots {
            used += u64::from(W::expires_at(&slot.state) > Timestamp::ZERO);
            W::clear(&mut slot.state);
        }
        used
    }

    /// Tells the keys and windows that are not over, set by set.
    pub(super) fn live(&self, now: Timestamp) -> impl Iterator<Item = (&K, &W::State)> {
        let live = move |slot: &&Slot<K, W::State>| W::expires_at(&slot.state) > now;
        let live = self.slots.iter().filter(live);
        live.map(|slot| (&slot.key, &slot.state))
    }

    /// Tells where the slots of a key's set begin and end.
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
