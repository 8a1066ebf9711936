use core::fmt;

use limits_core::window::{Charge, Kind, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Storage, Timestamp};

use super::kept::Kept;
use super::shard::Tables;
use super::shards::Shards;
use super::text::Form;
use super::together;
use crate::error::StorageError;
use crate::lazy::lazily;
use crate::uri::StorageUri;

/// The schemes of the URIs that name this storage.
pub(crate) const SCHEMES: &[&str] = &["memory"];

/// Keeps windows in memory, shared by the threads and tasks of one process.
///
/// The keys are spread over shards, each behind a lock that is held only for
/// the work on one key. There is no background thread: writes clean up after
/// expired keys, a few at a time. A known key of up to 128 bytes costs no
/// allocation, and one of the most common kind (one text under the default
/// namespace, per one built-in granularity) no copy either. A call does its work when its
/// future is first polled, and never waits.
///
/// Several limits are decided at once: the shards of their keys are locked in one order.
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
    pub(super) shards: Shards,
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
        Self {
            shards: Shards::unbounded(),
        }
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
        Self {
            shards: Shards::bounded(max_keys),
        }
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
            .field("shards", &self.shards.number())
            .finish_non_exhaustive()
    }
}

impl Storage for MemoryStorage {
    type Error = StorageError;

    const IS_IMMEDIATE: bool = true;

    async fn check(&self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Forgets all keys; expired ones count until they are cleaned up.
    async fn reset(&self) -> Result<u64, StorageError> {
        Ok(self.shards.reset())
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.shards.with(key, Tables::clear);
        Ok(())
    }
}

impl<K: Kind + Kept> Keeps<K> for MemoryStorage {
    #[inline]
    fn acquire(
        &self,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, StorageError>> + Send {
        lazily(move || {
            let acquire = |tables: &mut Tables, hash, form: &Form<'_>| {
                let hit = ask.hit(now);
                ask.kind()
                    .acquire(tables, hash, form, hit, self.shards.keys())
            };
            self.shards.with(ask.key(), acquire)
        })
    }

    #[inline]
    fn peek(
        &self,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, StorageError>> + Send {
        lazily(move || {
            let peek = |tables: &mut Tables, hash, form: &Form<'_>| {
                ask.kind().peek(tables, hash, form, ask.hit(now))
            };
            Ok(self.shards.with(ask.key(), peek))
        })
    }

    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> Result<Settled, StorageError> {
        Ok(self.shards.with(key, |tables, hash, form| {
            kind.settle(tables, hash, form, &charge, used, now)
        }))
    }

    /// With the shards of all keys locked. At most 64 limits.
    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        together::acquire_all(&self.shards, asks, now, decisions)
    }

    /// With the shards of all keys locked. At most 64 limits.
    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        together::peek_all(&self.shards, asks, now, decisions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limits_core::window::{Fixed, Moving};
    use limits_core::{Micros, RateLimitItem, poll_once};

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn hit<K: Kind + Kept>(
        storage: &MemoryStorage,
        kind: K,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let item = RateLimitItem::per_second(5);
        let answer = poll_once(storage.acquire(Ask::new(kind, &item, id, 1), now));
        Ok(answer.expect("memory never waits")?.allowed())
    }

    fn incr(storage: &MemoryStorage, id: &str, now: Timestamp) -> Result<bool, StorageError> {
        hit(storage, Fixed, id, now)
    }

    #[test]
    fn any_bound_can_be_had() {
        for bound in [1, 1_024, 1_025, 1 << 27, usize::MAX] {
            let storage = MemoryStorage::with_max_keys(bound);
            assert!(
                incr(&storage, "a", NOW).is_ok_and(|applied| applied),
                "{bound}"
            );
            assert!(storage.shards.number() <= 1_024, "{bound}");
        }
    }

    #[test]
    fn the_bound_is_on_the_windows_of_all_kinds_together() {
        let storage = MemoryStorage::with_max_keys(1);
        assert!(incr(&storage, "a", NOW).is_ok());
        let error = hit(&storage, Moving, "a", NOW).expect_err("no room");
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
