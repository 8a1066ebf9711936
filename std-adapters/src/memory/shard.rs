#[cfg(not(limits_loom))]
use std::sync::{Mutex, MutexGuard, PoisonError};

use core::mem::take;

use limits_core::window::Window;
use limits_core::{FixedWindow, MovingWindow, SlidingWindow, Timestamp};
#[cfg(limits_loom)]
use loom::sync::{Mutex, MutexGuard};

use super::SCHEME;
use super::log::Log;
use super::table::Table;
use super::text::Form;
use crate::error::{StorageError, StorageErrorKind};

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
    /// Before then no key expires.
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
        if self.len() >= bound && now >= self.full_until {
            let fixed = self.fixed.forget_expired(now);
            let moving = self.moving.forget_expired(now);
            let sliding = self.sliding.forget_expired(now);
            let first = [fixed, moving, sliding].into_iter().flatten().min();
            self.full_until = first.unwrap_or_default();
        }
        if self.len() >= bound {
            let reason = "no room for another key, all are live";
            return Err(StorageError::new(StorageErrorKind::Full, SCHEME, reason));
        }
        self.full_until = self.full_until.min(end);
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
        self.fixed.len() + self.moving.len() + self.sliding.len()
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
