//! Counters in Redis or Valkey: one server, a cluster, or a server that
//! sentinels watch.
//!
//! The three storages are one type, [`RedisBackend`], over a [`Topology`]:
//! [`Single`], [`Cluster`] or [`Sentinel`].
//!
//! | | |
//! |---|---|
//! | round trips | one for each `hit`, `test`, `get_window_stats` and `clear`; one more when a server sees a script for the first time |
//! | commands | `EVALSHA`, `EVAL`, `GET`, `SET`, `INCRBY`, `PTTL`, `PEXPIRE`, `LINDEX`, `LLEN`, `LPUSH`, `LTRIM`, `TIME`; `UNLINK` to clear, `SCAN` to reset, `PING` to check: what an ACL must allow. To connect, `SELECT` for a database other than 0, `CLUSTER SLOTS` and `ASKING` in a cluster, `ROLE` behind sentinels, and on these `ROLE`, `SENTINEL MASTERS` and `SENTINEL REPLICAS` |
//! | servers | Redis 5 or newer (tested on 7.0, tried on 6.2); Valkey, which speaks the same |
//! | clock | the server's: those of the clients may differ. Fixed windows and sliding counters go by its whole milliseconds, moving windows by its microseconds |
//! | counts | up to 2^53 - 1 units, exactly; a limit above that counts up to there |
//! | clients | of the crate `redis` 1.x, on tokio |
//!
//! # Shared with Python
//!
//! Keys and values are those of Python `limits` 5.8 (with its default
//! `key_prefix`, `LIMITS`), so services in both languages share their counters:
//!
//! | window | key | value | expires |
//! |---|---|---|---|
//! | fixed, elastic | `LIMITS:<key>` | integer | at the end of the window |
//! | moving | `LIMITS:<key>` | list of the instants of its units, newest first, in decimal seconds | a period after the last hit |
//! | sliding counter | `LIMITS:{<key>}` | integer | at the end of the next window |
//! | …the previous one | `LIMITS:{<key>}/-1` | integer | at the end of the current window |
//!
//! A fixed and a moving window of one item and identifier share a key, as they do
//! in Python: whoever comes second gets an error of kind
//! [`Corrupt`](crate::StorageErrorKind::Corrupt) that says so.
//!
//! # Failures
//!
//! Connections are made when first needed, by any number of tasks at once, and
//! shared by them. A call waits at most for the connect timeout (one second), if
//! there is no connection, and for the response timeout (500 ms). It may do so twice,
//! when its command was refused unexecuted and is sent once more, and again for a
//! script that is new to the server; a question to a replica may be asked of the
//! primary then. After a failed attempt to connect, calls fail
//! at once for 50 ms, and for twice as long after each further one, up to a second.
//!
//! A call that failed with [`Timeout`](crate::StorageErrorKind::Timeout) or
//! [`Unavailable`](crate::StorageErrorKind::Unavailable) may have taken its units
//! or not. It is not repeated, lest a hit be charged twice; but the client of a
//! cluster sends a command again whose connection broke, and a connection of your
//! own may do as it likes. A hit that is charged twice is admitted once all the same.
//!
//! A node of a cluster that hangs is given up after a timeout, when another has
//! taken over. While a slot is being moved to another node, a sliding counter in it
//! can't be decided, since its two keys move one after the other (`TRYAGAIN`).
//!
//! Dropping a future leaves the connection as it is, an attempt to connect to whoever
//! else waits for it, and the hit taken in whole or not at all: a script runs to its
//! end.
//!
//! Redis replicates after it has answered. When a replica takes over, the hits of
//! the last moments before may be forgotten, and as many may pass again.
//!
//! # Panics
//!
//! Calls need a tokio runtime with its I/O and time drivers, and panic without one.
//!
//! # Encryption
//!
//! With the feature `tls`, by rustls, whose provider of cryptography belongs to the
//! process: if there is none yet, making a storage that encrypts installs `ring`'s.
//! Certificates are always verified; name your own authority by `tls_ca_file`.
//!
//! # Large moving windows
//!
//! Python's format has one list entry for each unit: about 18 bytes. One hit may cost
//! at most 1,048,576 units ([`Unsupported`](crate::StorageErrorKind::Unsupported) above
//! that), which keeps the server busy for 0.1 to 0.5 s: give it a longer response
//! timeout. A hit of cost 1 on a log of a million units takes about 20 µs, one that
//! finds half of them released under 1 ms. Prefer the sliding counter for large
//! amounts.

mod error;
mod keys;
mod link;
mod options;
mod reset;
mod script;
mod tls;
mod topology;
mod windows;

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use limits_core::{Key, Storage};
use redis::aio::ConnectionManager;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::SentinelClient;
use tokio::sync::Mutex;

use crate::error::StorageError;
use crate::uri::StorageUri;
use error::Failure;
use keys::Prefix;
use link::{Connection, Live, Route, Source};
use options::Options;
use topology::Kind;
pub use topology::{Cluster, Sentinel, Single, Topology};

/// Counters in one Redis server: `redis://`, `rediss://` (encrypted),
/// `redis+unix://` (a socket), and the same with `valkey`.
pub type RedisStorage = RedisBackend<Single>;

/// Counters in a cluster of Redis servers: `redis+cluster://`, `valkey+cluster://`.
pub type RedisClusterStorage = RedisBackend<Cluster>;

/// Counters in the Redis server that sentinels name: `redis+sentinel://`, `valkey+sentinel://`.
pub type RedisSentinelStorage = RedisBackend<Sentinel>;

/// Counters in Redis or Valkey, shared by every process that uses them.
///
/// The module's documentation says what is stored, how long calls take and what
/// happens when servers fail.
///
/// ```no_run
/// use limits::{MovingWindowRateLimiter, RateLimitItem, RedisStorage};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let storage = RedisStorage::from_uri("redis://:password@localhost:6379/0")?;
/// let limiter = MovingWindowRateLimiter::new(storage);
/// let decision = limiter.hit(&RateLimitItem::per_minute(100), "user-42", 1).await?;
/// # Ok(())
/// # }
/// ```
pub struct RedisBackend<T> {
    connection: Connection,
    /// Where `test` and `get_window_stats` ask, if not the primary.
    replicas: Option<Connection>,
    prefix: Prefix,
    backend: String,
    topology: PhantomData<fn() -> T>,
}

impl<T: Topology> RedisBackend<T> {
    /// The schemes of its URIs.
    pub(crate) const SCHEMES: &[&str] = T::KIND.schemes();

    /// Makes the storage that a URI names; [`storage_from_string`](crate::storage_from_string)
    /// tells the options. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Of kind [`Configuration`](crate::StorageErrorKind::Configuration), saying which
    /// part of the URI is wrong.
    pub fn from_uri(uri: &str) -> Result<Self, StorageError> {
        let uri: StorageUri = uri.parse()?;
        if !Self::SCHEMES.contains(&uri.scheme()) {
            let expected = Self::SCHEMES.join(", ");
            return Err(uri.wrong(format!("not a scheme of this storage, expected {expected}")));
        }
        Self::of(&uri)
    }

    /// Makes the storage that a URI of one of its schemes names.
    pub(crate) fn of(uri: &StorageUri) -> Result<Self, StorageError> {
        let options = Options::read(uri, T::KIND)?;
        let prefix = options.key_prefix.as_deref().map(Prefix::new);
        let timeouts = options.timeouts;
        let (source, replicas) = match T::KIND {
            Kind::Single => (options.server()?, None),
            Kind::Cluster => (options.cluster()?, None),
            Kind::Sentinel => options.sentinels()?,
        };
        let mut storage = Self {
            replicas: replicas.map(Connection::new),
            prefix: prefix.unwrap_or_default(),
            backend: uri.scheme().to_owned(),
            ..Self::over(source)
        };
        for connection in storage.connections() {
            connection.timeouts = timeouts;
        }
        Ok(storage)
    }

    fn over(source: Source) -> Self {
        Self {
            connection: Connection::new(source),
            replicas: None,
            prefix: Prefix::default(),
            backend: Self::SCHEMES[0].to_owned(),
            topology: PhantomData,
        }
    }

    /// Puts `prefix` and a colon in front of every key, instead of `LIMITS`.
    ///
    /// [`reset`](Storage::reset) deletes the keys that begin so, and no others.
    #[must_use]
    pub fn with_key_prefix(self, prefix: &str) -> Self {
        let prefix = Prefix::new(prefix);
        Self { prefix, ..self }
    }

    /// Sets how long a connection may take to be made, instead of one second; at most a day.
    #[must_use]
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        for connection in self.connections() {
            connection.timeouts = connection.timeouts.with_connect(limit);
        }
        self
    }

    /// Sets how long an answer may take, instead of 500 ms; at most a day.
    #[must_use]
    pub fn with_response_timeout(mut self, limit: Duration) -> Self {
        for connection in self.connections() {
            connection.timeouts = connection.timeouts.with_response(limit);
        }
        self
    }

    fn connections(&mut self) -> impl Iterator<Item = &mut Connection> {
        [&mut self.connection].into_iter().chain(&mut self.replicas)
    }
}

impl RedisBackend<Single> {
    /// Makes a storage of a client of your own; it connects when first used.
    #[must_use]
    pub fn from_client(client: redis::Client) -> Self {
        Self::over(Source::Server(Box::new(client)))
    }

    /// Makes a storage of a connection that is there already and reconnects by itself.
    ///
    /// Its manager stays with a server that has become a replica; a client doesn't.
    #[must_use]
    pub fn from_connection(connection: ConnectionManager) -> Self {
        Self::over(Source::Given(Live::Manager(connection)))
    }
}

impl RedisBackend<Cluster> {
    /// Makes a storage of a client of your own; it connects when first used.
    #[must_use]
    pub fn from_client(client: ClusterClient) -> Self {
        Self::over(Source::Cluster(Box::new(client)))
    }

    /// Makes a storage of a connection that is there already and reconnects by itself.
    #[must_use]
    pub fn from_connection(connection: ClusterConnection) -> Self {
        Self::over(Source::Given(Live::Cluster(connection)))
    }
}

impl RedisBackend<Sentinel> {
    /// Makes a storage of a client of your own for the primary; it connects when
    /// first used, and asks the sentinels again when the primary is lost. Replicas
    /// are not used.
    #[must_use]
    pub fn from_client(client: SentinelClient) -> Self {
        Self::over(Source::Sentinels(vec![Mutex::new(client)]))
    }
}

impl<T> RedisBackend<T> {
    fn error(&self, failure: Failure) -> StorageError {
        failure.into_storage_error(&self.backend)
    }
}

impl<T> fmt::Debug for RedisBackend<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("backend", &self.backend)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl<T> Storage for RedisBackend<T> {
    type Error = StorageError;

    /// Pings the server, or every primary of a cluster.
    async fn check(&self) -> Result<(), StorageError> {
        let answer = self
            .connection
            .query(&redis::cmd("PING"), Route::Keys)
            .await;
        answer.map(drop).map_err(|failure| self.error(failure))
    }

    /// Deletes every key under the prefix, in batches of about 1,000: `SCAN` and
    /// `UNLINK`, two round trips a batch, on every primary of a cluster.
    ///
    /// Each round trip is bounded in time, but not their number. Keys that are made
    /// meanwhile may be left.
    async fn reset(&self) -> Result<u64, StorageError> {
        let deleted = reset::delete_all(&self.connection, &self.prefix.pattern()).await;
        deleted.map_err(|failure| self.error(failure))
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        let [current, previous] = self.prefix.sliding_window(key);
        let keys = [self.prefix.window(key), current, previous];
        let deleted = reset::unlink(&self.connection, &keys).await;
        deleted.map(drop).map_err(|failure| self.error(failure))
    }
}
