#[cfg(limits_loom)]
// Loom runs a test again and again, and each time all must be as it was.
use foldhash::fast::FixedState as RandomState;
#[cfg(not(limits_loom))]
use foldhash::fast::RandomState;
use limits_core::Key;

use super::shard::{Shard, Tables};
use super::text::{Buffer, Form};

/// How many shards share the keys when their number is not bounded.
const SHARDS: usize = 64;

/// A bounded storage has one shard for so many keys…
const SHARD_KEYS: usize = 1024;

/// …but not more shards than this.
const MOST_SHARDS: usize = 1024;

/// All shards, and which of them a key is in.
pub(super) struct Shards {
    shards: Box<[Shard]>,
    hasher: RandomState,
    keys: usize,
}

impl Shards {
    pub(super) fn unbounded() -> Self {
        Self::new(SHARDS, usize::MAX)
    }

    /// Makes shards for at most so many keys in all.
    pub(super) fn bounded(max_keys: usize) -> Self {
        let shards = max_keys.div_ceil(SHARD_KEYS).clamp(1, MOST_SHARDS);
        let shards = shards.next_power_of_two();
        Self::new(shards, max_keys / shards)
    }

    fn new(shards: usize, keys: usize) -> Self {
        Self {
            shards: (0..shards).map(|_| Shard::default()).collect(),
            hasher: RandomState::default(),
            keys,
        }
    }

    pub(super) const fn number(&self) -> usize {
        self.shards.len()
    }

    /// How many keys each may hold.
    pub(super) const fn keys(&self) -> usize {
        self.keys
    }

    /// A key's hash, and the number of its shard.
    #[inline]
    pub(super) fn locate(&self, form: &Form<'_>) -> (u64, usize) {
        let hash = form.hash(&self.hasher);
        // Tables place keys by lower bits, until they have millions of places.
        let [_, _, _, low, high, ..] = hash.to_le_bytes();
        let shard = usize::from(u16::from_le_bytes([low, high])) & (self.shards.len() - 1);
        (hash, shard)
    }

    pub(super) fn shard(&self, number: usize) -> &Shard {
        &self.shards[number]
    }

    /// Works on the tables of a key's shard, under its lock.
    #[inline]
    pub(super) fn with<T>(
        &self,
        key: Key<'_>,
        work: impl FnOnce(&mut Tables, u64, &Form<'_>) -> T,
    ) -> T {
        let mut buffer = Buffer::default();
        let form = Form::of(&key, &mut buffer);
        let (hash, shard) = self.locate(&form);
        work(&mut self.shards[shard].lock(), hash, &form)
    }

    /// Forgets all keys, and tells how many there were.
    pub(super) fn reset(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().reset()).sum()
    }
}
