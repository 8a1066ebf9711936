use core::mem::take;

use ecow::EcoString;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use limits_core::window::Window;
use limits_core::{FixedWindow, MovingWindow, SlidingWindow, Timestamp};
#[cfg(limits_loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(limits_loom))]
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::SCHEME;
use super::log::Log;
use super::text::Form;
use crate::error::{StorageError, StorageErrorKind};

/// A sweep looks at so many places of a table for expired keys.
const SWEEP: usize = 32;

/// What a write adds to the debt of a table, and when it is paid by a sweep: a
/// new key brings a look at four places, so that expired keys go faster than
/// new ones come, and a known one at a quarter of one.
const KNOWN_KEY: u8 = 1;
const NEW_KEY: u8 = 16;
const PAYMENT: u8 = 128;

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
    fixed: Table<FixedWindow>,
    moving: Table<MovingWindow<Log>>,
    sliding: Table<SlidingWindow>,
}

impl Tables {
    /// Makes room for a new key under the bound, by forgetting expired keys.
    pub(super) fn make_room(&mut self, bound: usize, now: Timestamp) -> Result<(), StorageError> {
        if self.len() >= bound {
            self.fixed.sweep_all(now);
            self.moving.sweep_all(now);
            self.sliding.sweep_all(now);
        }
        if self.len() >= bound {
            let reason = "no room for another key, all are live";
            return Err(StorageError::new(StorageErrorKind::Full, SCHEME, reason));
        }
        Ok(())
    }

    pub(super) fn clear(&mut self, hash: u64, form: &Form<'_>) {
        self.fixed.clear(hash, form);
        self.moving.clear(hash, form);
        self.sliding.clear(hash, form);
    }

    pub(super) fn reset(&mut self) -> u64 {
        let keys = take(self).len();
        u64::try_from(keys).unwrap_or(u64::MAX)
    }

    fn len(&self) -> usize {
        self.fixed.entries.len() + self.moving.entries.len() + self.sliding.entries.len()
    }
}

/// A window that has a table in a shard.
pub(super) trait Kept: Window + Sized {
    fn table(tables: &mut Tables) -> &mut Table<Self>;
}

impl Kept for FixedWindow {
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.fixed
    }
}

impl Kept for MovingWindow<Log> {
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.moving
    }
}

impl Kept for SlidingWindow {
    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.sliding
    }
}

#[derive(Debug)]
pub(super) struct Table<W> {
    entries: HashTable<Entry<W>>,
    /// The place where the next sweep begins.
    cursor: usize,
    debt: u8,
}

#[derive(Debug)]
struct Entry<W> {
    text: EcoString,
    rest: u64,
    window: W,
}

impl<W> Default for Table<W> {
    fn default() -> Self {
        Self {
            entries: HashTable::new(),
            cursor: 0,
            debt: 0,
        }
    }
}

impl<W: Window> Table<W> {
    #[inline]
    pub(super) fn get(&self, hash: u64, form: &Form<'_>) -> Option<&W> {
        let entry = self.entries.find(hash, |entry| entry.form() == *form);
        entry.map(|entry| &entry.window)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, hash: u64, form: &Form<'_>) -> Option<&mut W> {
        self.debt += KNOWN_KEY;
        let is_it = |entry: &Entry<W>| entry.form() == *form;
        self.entries
            .find_mut(hash, is_it)
            .map(|entry| &mut entry.window)
    }

    pub(super) fn insert(&mut self, hash: u64, form: &Form<'_>, window: W, hasher: &RandomState) {
        self.debt += NEW_KEY;
        let entry = Entry {
            text: EcoString::from(form.text),
            rest: form.rest,
            window,
        };
        self.entries
            .insert_unique(hash, entry, |entry| entry.form().hash(hasher));
    }

    /// Cleans up a little, in proportion to the writes.
    #[inline]
    pub(super) fn sweep_some(&mut self, now: Timestamp, hasher: &RandomState) {
        if self.debt >= PAYMENT {
            self.debt -= PAYMENT;
            self.sweep(now, hasher);
        }
    }

    #[cold]
    fn sweep(&mut self, now: Timestamp, hasher: &RandomState) {
        let places = self.entries.num_buckets();
        let end = places.min(self.cursor + SWEEP);
        for place in self.cursor..end {
            self.forget_if_over(place, now);
        }
        self.cursor = end;
        if end == places {
            self.cursor = 0;
            self.give_back(hasher);
        }
    }

    fn sweep_all(&mut self, now: Timestamp) {
        self.entries.retain(|entry| entry.window.expires_at() > now);
    }

    fn forget_if_over(&mut self, place: usize, now: Timestamp) {
        if let Ok(entry) = self.entries.get_bucket_entry(place)
            && entry.get().window.expires_at() <= now
        {
            entry.remove();
        }
    }

    /// Gives memory back when most of the table is empty.
    fn give_back(&mut self, hasher: &RandomState) {
        let keys = self.entries.len();
        if self.entries.capacity() / 4 > keys {
            self.entries
                .shrink_to(keys * 2, |entry| entry.form().hash(hasher));
        }
    }

    fn clear(&mut self, hash: u64, form: &Form<'_>) {
        let is_it = |entry: &Entry<W>| entry.form() == *form;
        if let Ok(entry) = self.entries.find_entry(hash, is_it) {
            entry.remove();
        }
    }
}

impl<W> Entry<W> {
    fn form(&self) -> Form<'_> {
        Form {
            text: &self.text,
            rest: self.rest,
        }
    }
}
