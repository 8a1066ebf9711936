use super::TableKey;
use crate::time::Timestamp;
use crate::window::Window;

/// A hash table in which a key may live only in the slots after its home.
///
/// Slots never move. A slot whose window is over is free.
#[derive(Debug)]
pub(super) struct Table<K, W, const N: usize> {
    keys: [K; N],
    windows: [W; N],
}

impl<K: TableKey, W: Window, const N: usize> Table<K, W, N> {
    /// How many slots a key may live in: all of a small table, 16 of a larger one.
    const PROBES: usize = if N <= 32 { N } else { 16 };

    pub(super) const fn new() -> Self {
        Self {
            keys: [const { K::EMPTY }; N],
            windows: [const { W::EMPTY }; N],
        }
    }

    /// Finds the window of `key`, live or over.
    pub(super) fn get(&self, key: &K) -> Option<&W> {
        self.find(key).map(|slot| &self.windows[slot])
    }

    /// Finds the window of `key` or makes room for one, `None` if there is none.
    pub(super) fn slot(&mut self, key: K, now: Timestamp) -> Option<&mut W> {
        let slot = match self.find(&key) {
            Some(slot) => slot,
            None => {
                let is_over = |slot: &usize| self.windows[*slot].expires_at() <= now;
                let slot = Self::slots(&key).find(is_over)?;
                self.keys[slot] = key;
                self.windows[slot] = W::EMPTY;
                slot
            }
        };
        Some(&mut self.windows[slot])
    }

    pub(super) fn clear(&mut self, key: &K) {
        if let Some(slot) = self.find(key) {
            self.windows[slot] = W::EMPTY;
        }
    }

    pub(super) fn reset(&mut self) -> u64 {
        let mut used = 0;
        for window in &mut self.windows {
            used += u64::from(window.expires_at() > Timestamp::ZERO);
            *window = W::EMPTY;
        }
        used
    }

    fn find(&self, key: &K) -> Option<usize> {
        Self::slots(key).find(|slot| self.keys[*slot] == *key)
    }

    fn slots(key: &K) -> impl Iterator<Item = usize> + use<K, W, N> {
        // The upper half of a product scales a hash to N without a division.
        let home = (u64::from(key.hash()) * N as u64) >> 32;
        let home = usize::try_from(home).unwrap_or_default();
        (home..home + Self::PROBES).map(|slot| if slot < N { slot } else { slot - N })
    }
}
