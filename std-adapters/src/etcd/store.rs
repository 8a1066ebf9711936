use core::time::Duration;

use futures_util::future::join_all;
use limits_core::window::{Elastic, Fixed};
use limits_core::{Clock, Key, StrategyName, Timestamp};

use super::client::Client;
use super::error::Failure;
use super::forms::Counter;
use super::lease::Lease;
use super::messages::{
    Compare, DeleteRangeRequest, KeyValue, LeaseGrantRequest, PutRequest, RangeRequest, Request,
    RequestOp, Response, TxnRequest, TxnResponse,
};
use super::options;
use crate::cas::{Cas, Found, Recipe, Swap, Versioned, WallClock, state};
use crate::error::StorageError;
use crate::uri::{StorageUri, Timeouts, TlsFiles};

/// Counters in etcd: `etcd://`.
///
/// ```no_run
/// use limits::{EtcdStorage, MovingWindowRateLimiter, RateLimitItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let storage = EtcdStorage::from_uri("etcd://one:2379,two:2379,three:2379")?;
/// let limiter = MovingWindowRateLimiter::new(storage);
/// let decision = limiter.hit(&RateLimitItem::per_minute(100), "user-42", 1).await?;
/// # Ok(())
/// # }
/// ```
pub type EtcdStorage = Cas<Etcd>;

/// What errors name it by.
pub(super) const NAME: &str = "etcd";

/// The schemes of its URIs.
pub(crate) const SCHEMES: &[&str] = &[NAME];

/// What is in front of every key, with a `/` behind it, as in Python `limits`.
const PREFIX: &str = "limits";

/// How many operations servers take in one transaction, unless told otherwise.
const MOST_OPERATIONS: usize = 128;

/// How many keys are deleted at once.
const DELETED_AT_ONCE: i64 = 512;

/// An etcd cluster, or a server of its own.
pub struct Etcd {
    client: Client,
    timeouts: Timeouts,
    prefix: String,
}

impl EtcdStorage {
    /// Makes the storage that a URI names; [`storage_from_string`](crate::storage_from_string)
    /// tells the options. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Of kind [`Configuration`](crate::StorageErrorKind::Configuration), saying which part
    /// of the URI is wrong.
    pub fn from_uri(uri: &str) -> Result<Self, StorageError> {
        Etcd::from_uri(uri).map(Self::new)
    }
}

/// Makes the storage that a URI of its scheme names.
pub(crate) fn from_uri(uri: &StorageUri) -> Result<EtcdStorage, StorageError> {
    Etcd::of(uri).map(Cas::new)
}

impl Etcd {
    /// Makes the servers that a URI names, for [`Cas::with_wall_clock`].
    ///
    /// # Errors
    ///
    /// As [`EtcdStorage::from_uri`].
    pub fn from_uri(uri: &str) -> Result<Self, StorageError> {
        Self::of(&StorageUri::of_schemes(SCHEMES, uri)?)
    }

    fn of(uri: &StorageUri) -> Result<Self, StorageError> {
        let own = ["key_prefix", "tls"];
        uri.check_options(&[&own, &Timeouts::OPTIONS[..], &TlsFiles::OPTIONS].concat())?;
        let timeouts = Timeouts::of(uri)?;
        let prefix = uri.option::<String>("key_prefix")?;
        let prefix = prefix.as_deref().unwrap_or(PREFIX);
        Ok(Self {
            client: options::client(uri, timeouts)?,
            timeouts,
            prefix: format!("{prefix}/"),
        })
    }

    fn key(&self, name: &str) -> Vec<u8> {
        [self.prefix.as_bytes(), name.as_bytes()].concat()
    }

    /// The keys with the prefix: the first, and the one after the last.
    fn all_keys(&self) -> (Vec<u8>, Vec<u8>) {
        let first = self.prefix.as_bytes();
        // The prefix ends with a slash, so that the last byte has one after it.
        let (last, rest) = first.split_last().unwrap_or((&b'/', &[]));
        (first.to_vec(), [rest, &[last + 1]].concat())
    }

    /// Grants the leases that entries need which have none that lasts: one for each swap,
    /// `None` where the entry keeps its own.
    async fn leases(&self, swaps: &[Swap<'_, Version>]) -> Result<Vec<Option<Lease>>, Failure> {
        let now = WallClock.now();
        let leases = swaps.iter().map(async |swap| {
            let lease = swap.version.and_then(|version| version.lease);
            match lease {
                Some(lease) if lease.lasts(swap.write.lives, now) => Ok(None),
                _ => self.grant(swap).await.map(Some),
            }
        });
        let leases: Vec<_> = join_all(leases).await;
        let granted = leases.iter().flatten().copied().flatten().collect();
        let all: Result<_, _> = leases.into_iter().collect();
        if all.is_err() {
            self.revoke(granted).await;
        }
        all
    }

    async fn grant(&self, swap: &Swap<'_, Version>) -> Result<Lease, Failure> {
        loop {
            let (lease, ttl) = Lease::choose(swap.write.lives, WallClock.now());
            let id = lease.id();
            match self.client.grant(LeaseGrantRequest { ttl, id }).await {
                Ok(()) => return Ok(lease),
                Err(failure) if failure.is_lease_taken() => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Gives leases back that no entry has any more. One that is left is over soon.
    async fn revoke(&self, leases: Vec<Lease>) {
        let revoked = leases
            .into_iter()
            .map(|lease| self.client.revoke(lease.id()));
        let _: Vec<_> = join_all(revoked).await;
    }

    /// Deletes entries, and gives their leases back: how many there were.
    async fn delete(&self, ranges: Vec<DeleteRangeRequest>) -> Result<u64, StorageError> {
        let success = ranges
            .into_iter()
            .map(|range| Request::DeleteRange(range).into());
        let txn = TxnRequest {
            compare: Vec::new(),
            success: success.collect(),
        };
        let (mut deleted, mut leases) = (0, Vec::new());
        for response in self.client.write(txn).await?.responses {
            let Some(Response::DeleteRange(response)) = response.response else {
                return Err(Failure::out_of_step().into());
            };
            deleted += response.deleted.unsigned_abs();
            leases.extend(
                response
                    .prev_kvs
                    .iter()
                    .filter_map(|entry| Lease::of(entry.lease)),
            );
        }
        self.revoke(leases).await;
        Ok(deleted)
    }
}

/// What an entry is compared by, and the lease that it has.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    revision: i64,
    lease: Option<Lease>,
}

impl Versioned for Etcd {
    type Version = Version;

    const SWAPS: usize = MOST_OPERATIONS;

    fn name(&self) -> &str {
        NAME
    }

    fn patience(&self) -> Duration {
        // A round is some exchanges, and waits for the one before it.
        8 * (self.timeouts.connect() + self.timeouts.response())
    }

    async fn read(&self, names: &[String]) -> Result<Vec<Option<Found<Version>>>, StorageError> {
        let success = names.iter().map(|name| {
            let key = self.key(name);
            Request::Range(RangeRequest {
                key,
                ..RangeRequest::default()
            })
            .into()
        });
        let txn = TxnRequest {
            compare: Vec::new(),
            success: success.collect(),
        };
        let found = ranges(self.client.read(txn).await?)?;
        Ok(found
            .into_iter()
            .map(|mut kvs| kvs.pop().map(Found::from))
            .collect())
    }

    async fn swap(&self, swaps: &[Swap<'_, Version>]) -> Result<bool, StorageError> {
        let leases = self.leases(swaps).await?;
        let granted = leases.iter().flatten().copied().collect();
        let txn = self.transaction(swaps, &leases);
        match self.client.write(txn).await {
            Ok(TxnResponse {
                succeeded: true, ..
            }) => {
                let replaced = swaps
                    .iter()
                    .zip(&leases)
                    .filter(|(_, lease)| lease.is_some());
                let replaced = replaced.filter_map(|(swap, _)| swap.version?.lease);
                self.revoke(replaced.collect()).await;
                Ok(true)
            }
            Ok(_) => {
                self.revoke(granted).await;
                Ok(false)
            }
            // Somebody has revoked it: the entry is gone, too.
            Err(failure) if failure.is_lease_gone() => {
                self.revoke(granted).await;
                Ok(false)
            }
            // It may have been done, then its leases are needed.
            Err(failure) => Err(failure.into()),
        }
    }

    /// Reads a key, if there is any.
    async fn check(&self) -> Result<(), StorageError> {
        let (key, range_end) = self.all_keys();
        let range = RangeRequest {
            key,
            range_end,
            limit: 1,
            keys_only: true,
        };
        self.client.range(range).await?;
        Ok(())
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        let (key, range_end) = self.all_keys();
        let mut deleted = 0;
        loop {
            let range = RangeRequest {
                key: key.clone(),
                range_end: range_end.clone(),
                limit: DELETED_AT_ONCE,
                keys_only: true,
            };
            let found = self.client.range(range).await?.kvs;
            let Some(last) = found.into_iter().next_back() else {
                return Ok(deleted);
            };
            let some = DeleteRangeRequest {
                key: key.clone(),
                range_end: [last.key.as_slice(), &[0]].concat(),
                prev_kv: true,
            };
            deleted += self.delete(vec![some]).await?;
        }
    }

    async fn clear(&self, key: Key<'_>, _now: Timestamp) -> Result<(), StorageError> {
        let key = key.to_string();
        let names = StrategyName::ALL.iter();
        let mut names: Vec<_> = names
            .flat_map(|strategy| self.recipe(*strategy).names(&key, 0))
            .collect();
        names.sort_unstable();
        names.dedup();
        let ranges = names.iter().map(|name| DeleteRangeRequest {
            key: self.key(name),
            range_end: Vec::new(),
            prev_kv: true,
        });
        self.delete(ranges.collect()).await?;
        Ok(())
    }

    fn recipe(&self, strategy: StrategyName) -> &'static dyn Recipe {
        match strategy {
            StrategyName::FixedWindow => &Counter::<Fixed>::FORM,
            StrategyName::FixedWindowElasticExpiry => &Counter::<Elastic>::FORM,
            _ => state(strategy),
        }
    }
}

impl Etcd {
    fn transaction(&self, swaps: &[Swap<'_, Version>], leases: &[Option<Lease>]) -> TxnRequest {
        let keys = swaps
            .iter()
            .map(|swap| swap.names.first().map_or("", String::as_str));
        let keys: Vec<_> = keys.map(|name| self.key(name)).collect();
        let compare = keys.iter().zip(swaps).map(|(key, swap)| {
            let revision = swap.version.map_or(0, |version| version.revision);
            Compare::of(key.clone(), revision)
        });
        let puts = keys
            .iter()
            .zip(swaps)
            .zip(leases)
            .map(|((key, swap), lease)| {
                let put = PutRequest {
                    key: key.clone(),
                    value: swap.write.value.clone(),
                    lease: lease.map_or(0, Lease::id),
                    ignore_lease: lease.is_none(),
                };
                RequestOp::from(Request::Put(put))
            });
        TxnRequest {
            compare: compare.collect(),
            success: puts.collect(),
        }
    }
}

/// The entries that the ranges of a transaction found.
fn ranges(txn: TxnResponse) -> Result<Vec<Vec<KeyValue>>, Failure> {
    let found = txn
        .responses
        .into_iter()
        .map(|response| match response.response {
            Some(Response::Range(range)) => Ok(range.kvs),
            _ => Err(Failure::out_of_step()),
        });
    found.collect()
}

impl From<KeyValue> for Found<Version> {
    fn from(entry: KeyValue) -> Self {
        Self {
            value: entry.value,
            note: 0,
            left: None,
            version: Version {
                revision: entry.mod_revision,
                lease: Lease::of(entry.lease),
            },
        }
    }
}

impl core::fmt::Debug for Etcd {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Etcd").finish_non_exhaustive()
    }
}
