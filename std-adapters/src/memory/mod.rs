//! Counters in the memory of this process: `memory://`.

mod log;
mod shard;
mod table;
mod text;

use core::fmt;
use core::future::ready;

use foldhash::fast::RandomState;
use limits_core::window::{Increment, Incremented, MovingUsage};
use limits_core::{
    Decision, FixedWindow, FixedWindowSupport, Key, Limit, Micros, MovingWindow,
    MovingWindowSupport, SlidingWindow, SlidingWindowCounterSupport, Storage, Timestamp,
};

use crate::error::StorageError;
use crate::uri::StorageUri;
use log::Log;
use shard::{Kept, Shard};
use text::{Buffer, Form};

/// The scheme of the URI that names this storage.
pub(crate) const SCHEME: &str = "memory";

/// How many shards share the keys when their number is not bounded.
const SHARDS: usize = 64;

/// A bounded storage has one shard for so many keys…
const SHARD_KEYS: usize = 1024;

/// …but not more shards than this.
const MOST_SHARDS: usize = 1024;

/// Keeps windows in memory, shared by the threads and tasks of one process.
///
/// The keys are spread over shards, each behind a lock that is held only for
/// the work on one key. There is no background thread: writes clean up after
/// expired keys, a few at a time. A known key of up to 128 bytes costs no
/// allocation, and one of the most common kind (one text under the default
/// namespace, per one built-in granularity) no copy either. All calls do
/// their work when called and return finished futures.
///
/// With [`with_max_keys`](Self::with_max_keys) the number of keys is bounded:
/// a new key that finds no room is turned away with an error of kind
/// [`Full`](crate::StorageErrorKind::Full), and no live key is ever evicted, since that
/// would let whoever can make keys reset the limits of others.
///
/// ```
/// use limits::{FixedWindowRateLimiter, MemoryStorage, RateLimitItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let limiter = FixedWindowRateLimiter::new(MemoryStorage::new());
/// let item = RateLimitItem::per_minute(1);
/// assert!(limiter.hit(&item, "user-42", 1).await?.allowed());
/// assert!(!limiter.hit(&item, "user-42", 1).await?.allowed());
/// # Ok(())
/// # }
/// ```
pub struct MemoryStorage {
    shards: Box<[Shard]>,
    hasher: RandomState,
    shard_keys: usize,
}

/// Makes the storage of a URI such as `memory://?max_keys=10000`.
pub(crate) fn from_uri(uri: &StorageUri) -> Result<MemoryStorage, StorageError> {
    if !matches!(uri.location(), "" | "/") {
        return Err(uri.wrong("takes no host and no path"));
    }
    uri.check_options(&["max_keys"])?;
    let max_keys = uri.option("max_keys")?;
    Ok(max_keys.map_or_else(MemoryStorage::new, MemoryStorage::with_max_keys))
}

impl MemoryStorage {
    /// Makes a storage whose number of keys is not bounded.
    #[must_use]
    pub fn new() -> Self {
        Self::with_shards(SHARDS, usize::MAX)
    }

    /// Makes a storage of at most `max_keys` keys in all; a key that is used by
    /// several kinds of windows counts for each.
    ///
    /// Up to 1,024 keys the bound is exact. Beyond, every shard has its equal
    /// part of it, and the first key is turned away when the fullest shard is
    /// full: expect that from about 85 % of the bound. To find room, a call on a
    /// full shard looks at all its keys, once for each time that one expires.
    #[must_use]
    pub fn with_max_keys(max_keys: usize) -> Self {
        let shards = max_keys.div_ceil(SHARD_KEYS).clamp(1, MOST_SHARDS);
        let shards = shards.next_power_of_two();
        Self::with_shards(shards, max_keys / shards)
    }

    fn with_shards(shards: usize, shard_keys: usize) -> Self {
        Self {
            shards: (0..shards).map(|_| Shard::default()).collect(),
            hasher: RandomState::default(),
            shard_keys,
        }
    }

    #[inline]
    fn locate(&self, form: &Form<'_>) -> (u64, &Shard) {
        let hash = form.hash(&self.hasher);
        // Tables place keys by lower bits, until they have millions of places.
        let [_, _, _, low, high, ..] = hash.to_le_bytes();
        let shard = usize::from(u16::from_le_bytes([low, high])) & (self.shards.len() - 1);
        (hash, &self.shards[shard])
    }

    #[inline]
    fn read<W: Kept, T>(&self, key: Key<'_>, read: impl FnOnce(&W) -> T) -> T {
        let mut buffer = Buffer::default();
        let form = Form::of(&key, &mut buffer);
        let (hash, shard) = self.locate(&form);
        read(
            W::table(&mut shard.lock())
                .get(hash, &form)
                .unwrap_or(&W::EMPTY),
        )
    }

    #[inline]
    fn write<W: Kept, T>(
        &self,
        key: Key<'_>,
        now: Timestamp,
        write: impl Fn(&mut W) -> T,
    ) -> Result<T, StorageError> {
        let mut buffer = Buffer::default();
        let form = Form::of(&key, &mut buffer);
        let (hash, shard) = self.locate(&form);
        let mut tables = shard.lock();
        let table = W::table(&mut tables);
        if let Some(window) = table.get_mut(hash, &form) {
            let answer = write(window);
            table.sweep_some(now);
            return Ok(answer);
        }
        let mut window = W::EMPTY;
        let answer = write(&mut window);
        let end = window.expires_at();
        if end > now {
            tables.make_room(self.shard_keys, now, end)?;
            let table = W::table(&mut tables);
            table.insert(hash, &form, window, now);
            table.sweep_some(now);
        }
        Ok(answer)
    }
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage")
            .field("shards", &self.shards.len())
            .finish_non_exhaustive()
    }
}

impl Storage for MemoryStorage {
    type Error = StorageError;

    fn check(&self) -> impl Future<Output = Result<(), StorageError>> + Send {
        ready(Ok(()))
    }

    /// Forgets all keys; expired ones count until they are cleaned up.
    fn reset(&self) -> impl Future<Output = Result<u64, StorageError>> + Send {
        ready(Ok(self
            .shards
            .iter()
            .map(|shard| shard.lock().reset())
            .sum()))
    }

    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), StorageError>> + Send {
        let mut buffer = Buffer::default();
        let form = Form::of(&key, &mut buffer);
        let (hash, shard) = self.locate(&form);
        shard.lock().clear(hash, &form);
        ready(Ok(()))
    }
}

impl FixedWindowSupport for MemoryStorage {
    #[inline]
    fn incr(
        &self,
        key: Key<'_>,
        increment: Increment,
        now: Timestamp,
    ) -> impl Future<Output = Result<Incremented, StorageError>> + Send {
        ready(self.write(key, now, |window: &mut FixedWindow| {
            window.incr(increment, now)
        }))
    }

    fn get(
        &self,
        key: Key<'_>,
        _now: Timestamp,
    ) -> impl Future<Output = Result<FixedWindow, StorageError>> + Send {
        ready(Ok(self.read(key, |window: &FixedWindow| *window)))
    }
}

impl MovingWindowSupport for MemoryStorage {
    #[inline]
    fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, StorageError>> + Send {
        ready(self.write(key, now, |window: &mut MovingWindow<Log>| {
            let Ok((allowed, usage)) = window.acquire(limit, cost, now);
            Decision::hit(allowed, limit, cost, now, usage)
        }))
    }

    fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<MovingUsage, StorageError>> + Send {
        let usage = |window: &MovingWindow<Log>| window.usage(limit, cost, now);
        ready(Ok(self.read(key, usage)))
    }
}

impl SlidingWindowCounterSupport for MemoryStorage {
    #[inline]
    fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, StorageError>> + Send {
        ready(self.write(key, now, |window: &mut SlidingWindow| {
            let allowed = window.acquire(limit, cost, now);
            Decision::hit(allowed, limit, cost, now, *window)
        }))
    }

    fn get_sliding_window(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
    ) -> impl Future<Output = Result<SlidingWindow, StorageError>> + Send {
        ready(Ok(self.read(key, |window: &SlidingWindow| {
            window.advanced(period, now)
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limits_core::{RateLimitItem, poll_once};

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn incr(storage: &MemoryStorage, id: &str, now: Timestamp) -> Result<bool, StorageError> {
        let item = RateLimitItem::per_second(5);
        let increment = Increment {
            amount: 1,
            expiry: item.get_expiry(),
            elastic_expiry: false,
            ceiling: Some(item.amount()),
        };
        let answer = poll_once(storage.incr(item.key_for(id), increment, now));
        Ok(answer.expect("memory never waits")?.applied)
    }

    #[test]
    fn any_bound_can_be_had() {
        for bound in [1, 1_024, 1_025, 1 << 27, usize::MAX] {
            let storage = MemoryStorage::with_max_keys(bound);
            assert!(
                incr(&storage, "a", NOW).is_ok_and(|applied| applied),
                "{bound}"
            );
            assert!(storage.shards.len() <= MOST_SHARDS, "{bound}");
        }
    }

    #[test]
    fn the_bound_is_on_the_windows_of_all_kinds_together() {
        let storage = MemoryStorage::with_max_keys(1);
        assert!(incr(&storage, "a", NOW).is_ok());
        let item = RateLimitItem::per_second(5);
        let moving = storage.acquire_entry(item.key_for("a"), item.limit(), 1, NOW);
        let error = poll_once(moving)
            .expect("memory never waits")
            .expect_err("no room");
        assert_eq!(error.kind(), crate::StorageErrorKind::Full);
    }

    #[test]
    fn room_is_found_as_soon_as_a_key_expires_or_is_cleared() {
        let storage = MemoryStorage::with_max_keys(2);
        let second = Micros::from_secs(1);
        let half = NOW.saturating_add(Micros::from_millis(500));
        assert!(incr(&storage, "a", half).is_ok());
        assert!(incr(&storage, "b", half).is_ok());
        assert!(incr(&storage, "c", half).is_err());
        let item = RateLimitItem::per_second(5);
        let _ = poll_once(storage.clear(item.key_for("b")));
        assert!(incr(&storage, "c", NOW).is_ok());
        assert!(incr(&storage, "d", half).is_err());
        // "c" came after the search and expires before what that one found.
        assert!(incr(&storage, "d", NOW.saturating_add(second)).is_ok());
        assert!(incr(&storage, "e", NOW.saturating_add(second)).is_err());
        assert!(incr(&storage, "e", half.saturating_add(second)).is_ok());
    }
}
