use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use limits_core::{Key, Storage};
use redis::aio::ConnectionManager;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::SentinelClient;
use tokio::sync::Mutex;

use super::error::Failure;
use super::keys::Prefix;
use super::link::{Connection, Live, Route, Source};
use super::options::Options;
use super::reset;
use super::topology::{Cluster, Kind, Sentinel, Single, Topology};
use crate::doubles::MOST_UNITS;
use crate::error::StorageError;
use crate::uri::StorageUri;

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
    pub(super) connection: Connection,
    /// Where `test` and `get_window_stats` ask, if not the primary.
    pub(super) replicas: Option<Connection>,
    pub(super) prefix: Prefix,
    pub(super) backend: String,
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
        Self::of(&StorageUri::of_schemes(Self::SCHEMES, uri)?)
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
    pub(super) fn error(&self, failure: Failure) -> StorageError {
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

    const MOST_UNITS: u64 = MOST_UNITS;

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
        let (window, bucket) = (self.prefix.window(key), self.prefix.bucket(key));
        let keys = [window, current, previous, bucket];
        let deleted = reset::unlink(&self.connection, &keys).await;
        deleted.map(drop).map_err(|failure| self.error(failure))
    }
}
