#[cfg(not(limits_loom))]
use std::sync::{Mutex, MutexGuard, PoisonError};

use core::mem::take;

use limits_core::{FixedWindow, GcraWindow, MovingWindow, SlidingWindow, Timestamp};
#[cfg(limits_loom)]
use loom::sync::{Mutex, MutexGuard};

use super::table::Table;
use super::text::Form;
use super::until::Until;
use crate::error::{StorageError, StorageErrorKind};
use crate::log::Log;

/// The keys of one lock, a cache line apart from the next one's.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Shard(Mutex<Tables>);

impl Shard {
    #[cfg(not(limits_loom))]
    pub(super) fn lock(&self) -> MutexGuard<'_, Tables> {
        // Nothing that runs under the lock leaves a table half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(limits_loom)]
    pub(super) fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().expect("no thread panics in a loom model")
    }
}

/// A table for each kind of window.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) fixed: Table<FixedWindow>,
    pub(super) moving: Table<MovingWindow<Log>>,
    pub(super) sliding: Table<SlidingWindow>,
    pub(super) gcra: Table<GcraWindow>,
    pub(super) blocks: Table<Until>,
    /// From the last search for room on…
    searched_at: Timestamp,
    /// …until then no key expires.
    full_until: Timestamp,
}

impl Tables {
    /// Makes room under the bound for a new key that expires at `end`, by
    /// forgetting expired keys.
    pub(super) fn make_room(
        &mut self,
        bound: usize,
        now: Timestamp,
        end: Timestamp,
    ) -> Result<(), StorageError> {
        let is_searched = (self.searched_at..self.full_until).contains(&now);
        if self.len() >= bound && !is_searched {
            let fixed = self.fixed.forget_expired(now);
            let moving = self.moving.forget_expired(now);
            let sliding = self.sliding.forget_expired(now);
            let gcra = self.gcra.forget_expired(now);
            let blocks = self.blocks.forget_expired(now);
            let ends = [fixed, moving, sliding, gcra, blocks];
            self.full_until = ends.into_iter().flatten().min().unwrap_or_default();
            self.searched_at = now;
        }
        if self.len() >= bound {
            let reason = "no room for another key, all are live";
            return Err(StorageError::new(StorageErrorKind::Full, "memory", reason));
        }
        self.full_until = self.full_until.min(end);
        Ok(())
    }

    /// Takes note of the time of a hit: before that of the search for room, windows end
    /// earlier than it found, since a hit brings an end forward that is too far away.
    #[inline]
    pub(super) fn notice(&mut self, now: Timestamp) {
        if now < self.searched_at {
            self.search_again();
        }
    }

    /// Forgets what the last search for room found.
    pub(super) fn search_again(&mut self) {
        self.full_until = Timestamp::ZERO;
    }

    /// Forgets every window of a key. A block stays.
    pub(super) fn clear(&mut self, hash: u64, form: &Form<'_>) {
        self.fixed.clear(hash, form);
        self.moving.clear(hash, form);
        self.sliding.clear(hash, form);
        self.gcra.clear(hash, form);
    }

    pub(super) fn reset(&mut self) -> u64 {
        let keys = take(self).len();
        u64::try_from(keys).unwrap_or(u64::MAX)
    }

    fn len(&self) -> usize {
        let counters = self.fixed.len() + self.sliding.len() + self.gcra.len();
        counters + self.moving.len() + self.blocks.len()
    }
}

/// The locks of several shards, by their numbers.
pub(super) struct Locks<'s>(Vec<(usize, MutexGuard<'s, Tables>)>);

impl<'s> Locks<'s> {
    /// Takes the locks in the order of the numbers.
    pub(super) fn new(numbers: Vec<usize>, shard: impl Fn(usize) -> &'s Shard) -> Self {
        let locks = numbers.into_iter();
        Self(locks.map(|number| (number, shard(number).lock())).collect())
    }

    /// The tables of a shard whose lock was taken.
    pub(super) fn tables(&mut self, number: usize) -> &mut Tables {
        let place = self.0.binary_search_by_key(&number, |(number, _)| *number);
        &mut self.0[place.expect("the shard of every key is locked")].1
    }
}
