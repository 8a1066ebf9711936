//! Several limits, with the shards of all their keys locked.

use limits_core::storage::{Locked, acquire_at_once, peek_at_once};
use limits_core::window::{Charge, Kind};
use limits_core::{Ask, Decision, Timestamp};

use super::kept::Kept;
use super::shard::{Locks, Tables};
use super::shards::Shards;
use super::text::{Buffer, Form};
use crate::error::{StorageError, StorageErrorKind};

/// The most limits of one call.
const MOST: usize = 64;

pub(super) fn acquire_all<K: Kind + Kept>(
    shards: &Shards,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), StorageError> {
    with_locked(shards, asks, |mut locked| {
        acquire_at_once(&mut locked, asks, now, decisions)
    })
}

pub(super) fn peek_all<K: Kind + Kept>(
    shards: &Shards,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), StorageError> {
    with_locked(shards, asks, |mut locked| {
        peek_at_once(&mut locked, asks, now, decisions)
    })
}

/// Locks the shards of all keys.
fn with_locked<K: Kind + Kept, T>(
    shards: &Shards,
    asks: &[Ask<'_, K>],
    work: impl FnOnce(LockedShards<'_>) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    if asks.len() > MOST {
        let reason = format!("a hit of more than {MOST} limits at once");
        return Err(StorageError::new(
            StorageErrorKind::Unsupported,
            "memory",
            reason,
        ));
    }
    let keys: Vec<_> = asks.iter().map(Ask::key).collect();
    let mut buffers: Vec<_> = asks.iter().map(|_| Buffer::default()).collect();
    let forms = keys.iter().zip(&mut buffers);
    let windows: Vec<_> = forms
        .zip(asks)
        .map(|((key, buffer), ask)| {
            let form = Form::of(key, buffer);
            let (hash, shard) = shards.locate(&form);
            let table = ask.kind().table_number();
            Window {
                shard,
                hash,
                form,
                table,
            }
        })
        .collect();
    let mut numbers: Vec<_> = windows.iter().map(|window| window.shard).collect();
    // In one order, lest two calls wait for each other.
    numbers.sort_unstable();
    numbers.dedup();
    let locks = Locks::new(numbers, |number| shards.shard(number));
    work(LockedShards {
        locks,
        windows,
        shard_keys: shards.keys(),
    })
}

/// Where the window of an ask is.
struct Window<'a> {
    shard: usize,
    hash: u64,
    form: Form<'a>,
    table: u8,
}

struct LockedShards<'s> {
    locks: Locks<'s>,
    windows: Vec<Window<'s>>,
    shard_keys: usize,
}

impl LockedShards<'_> {
    /// Where the window of an ask is, the shard behind its lock.
    fn window(&mut self, number: usize) -> (&mut Tables, u64, &Form<'_>) {
        let window = &self.windows[number];
        (self.locks.tables(window.shard), window.hash, &window.form)
    }
}

impl<K: Kind + Kept> Locked<K> for LockedShards<'_> {
    type Error = StorageError;

    fn is_same(&self, one: usize, other: usize) -> bool {
        let window = |number: usize| {
            let Window {
                hash, form, table, ..
            } = &self.windows[number];
            (*hash, *table, *form)
        };
        window(one) == window(other)
    }

    fn peek(
        &mut self,
        number: usize,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> Result<Decision, StorageError> {
        let (tables, hash, form) = self.window(number);
        Ok(ask.kind().peek(tables, hash, form, ask.hit(now)))
    }

    fn acquire(
        &mut self,
        number: usize,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> Result<Decision, StorageError> {
        let shard_keys = self.shard_keys;
        let (tables, hash, form) = self.window(number);
        ask.kind()
            .acquire(tables, hash, form, ask.hit(now), shard_keys)
    }

    fn give_back(&mut self, number: usize, ask: Ask<'_, K>, charge: &Charge, now: Timestamp) {
        let (tables, hash, form) = self.window(number);
        ask.kind().settle(tables, hash, form, charge, 0, now);
    }
}
