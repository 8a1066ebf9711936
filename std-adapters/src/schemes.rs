//! Storages by the schemes of URIs: the registry, above the storages in it.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(any(
    feature = "memory",
    feature = "redis",
    feature = "etcd",
    feature = "memcached",
    feature = "mongodb"
))]
use limits_core::Storage;

use crate::any::AnyStorage;
#[cfg(any(
    feature = "memory",
    feature = "redis",
    feature = "etcd",
    feature = "memcached",
    feature = "mongodb"
))]
use crate::any::{AnyStorageBuilder, KeepsAll};
use crate::error::StorageError;
#[cfg(feature = "etcd")]
use crate::etcd;
#[cfg(feature = "memcached")]
use crate::memcached;
#[cfg(feature = "memory")]
use crate::memory;
#[cfg(feature = "mongodb")]
use crate::mongodb::MongoDbStorage;
#[cfg(feature = "redis")]
use crate::redis::{RedisClusterStorage, RedisSentinelStorage, RedisStorage};
#[cfg(feature = "resilience")]
use crate::resilience::Resilience;
use crate::uri::StorageUri;

/// Makes the storage that `uri` names, with the schemes of this crate.
///
/// | scheme | storage | options |
/// |---|---|---|
/// | `memory://` | `MemoryStorage` | `max_keys`: a bound on the keys |
/// | `memcached://user:password@host:11211,host:11211` | `MemcachedStorage` | `placement`: `memcachio` (the default) or `pymemcache`, as which client of Python keys are put on several servers |
/// | `redis://user:password@host:6379/0`, `rediss://…` | `RedisStorage` | `db`, if not in the path |
/// | `redis+unix://user:password@/path/of/socket` | `RedisStorage` | `db` |
/// | `redis+cluster://user:password@host:6379,host:6379` | `RedisClusterStorage` | `tls`: `true` to encrypt |
/// | `redis+sentinel://user:password@host:26379,host:26379/service` | `RedisSentinelStorage` | `service_name`, if not in the path; `db`; `tls`; `sentinel_username` and `sentinel_password`, if those of the sentinels are others (empty: none; with only a password there is no user); `use_replicas`: `true` to test on a replica, which may be behind |
/// | `mongodb://user:password@host:27017,host:27017`, `mongodb+srv://user:password@host` | `MongoDbStorage` | `database_name`, `counter_collection_name`, `window_collection_name`, and those of the driver, such as `tls` or `authSource`; a database in the path is the one that the user is of |
/// | `etcd://user:password@host:2379,host:2379` | `EtcdStorage` | `key_prefix`: what is in front of every key, `limits` if not given; `tls`: `true` to encrypt |
///
/// Every scheme may have `async+` in front, as in Python `limits`, and `valkey` is
/// another word for `redis`. Users, passwords and paths are percent-encoded; ports,
/// and `localhost`, may be left out. Options are query parameters:
/// `memory://?max_keys=10000`. Those of every storage on a server:
///
/// - `connect_timeout_ms`, `response_timeout_ms`: 1000 and 500 if not given; a sentinel
///   is never waited for longer than these.
///
/// Those of Redis and etcd, where a connection is encrypted:
///
/// - `tls_ca_file`, `tls_cert_file`, `tls_key_file`: files in PEM format, read at
///   once; without the first the system's authorities are trusted.
///
/// And that of every storage in Redis:
///
/// - `key_prefix`: what is in front of every key, `LIMITS` if not given.
///
/// And those of every storage, your own too, with the feature `resilience`: what happens when
/// the storage is slow or fails. The wrappers of that name, in the module `resilience`, say
/// more.
///
/// | option | |
/// |---|---|
/// | `timeout_ms` | `Timeout`: how long a call may take in all; 250 if `fail` is given |
/// | `fail` | `open` or `closed`: `FailPolicy`; `memory`: `Fallback`, to the memory of this process |
/// | `fail_share` | with `fail=memory`, how many processes there are: each admits its part of a limit |
/// | `breaker` | `Breaker`: after how many failures in a row the storage is left alone; 1 with `fail=memory` |
/// | `probe_ms` | how often it is probed then; 1000 if not given |
/// | `remember` | `true`: `Guarded::remembering`, refusals in the memory of this process, which strategies that share a key share too |
/// | `shadow` | `true`: `Shadow`, which counts and refuses nobody |
///
/// With `timeout_ms`, `fail` or `breaker` calls need a tokio runtime with a time driver.
///
/// # Errors
///
/// Of kind [`Configuration`](crate::StorageErrorKind::Configuration), saying
/// which part of the URI is wrong. No connection is made yet.
pub fn storage_from_string(uri: &str) -> Result<AnyStorage, StorageError> {
    StorageSchemes::default().storage_from_string(uri)
}

/// Options of every scheme, which [`resilience`](crate::resilience) reads.
const RESILIENCE: [&str; 7] = [
    "timeout_ms",
    "breaker",
    "probe_ms",
    "fail",
    "fail_share",
    "remember",
    "shadow",
];

/// Puts around a storage what its URI asks for.
#[cfg(feature = "resilience")]
fn around(
    uri: &StorageUri,
    make: impl FnOnce() -> Result<AnyStorage, StorageError>,
) -> Result<AnyStorage, StorageError> {
    let resilience = Resilience::of(uri)?;
    Ok(resilience.around(make()?))
}

#[cfg(not(feature = "resilience"))]
fn around(
    uri: &StorageUri,
    _: impl FnOnce() -> Result<AnyStorage, StorageError>,
) -> Result<AnyStorage, StorageError> {
    let options = RESILIENCE.join(", ");
    let reason = format!("{options}: these need the feature `resilience` of the crate limits");
    Err(uri.wrong(reason))
}

/// Tells the feature that a built-in scheme needs.
fn feature(scheme: &str) -> Option<&'static str> {
    match scheme.split('+').next() {
        Some("memory") => Some("memory"),
        Some("etcd") => Some("etcd"),
        Some("memcached") => Some("memcached"),
        Some("mongodb") => Some("mongodb"),
        Some("redis" | "rediss" | "valkey" | "valkeys") => Some("redis"),
        _ => None,
    }
}

type Make = dyn Fn(&StorageUri) -> Result<AnyStorage, StorageError> + Send + Sync;

/// The schemes that URIs of storages may have: the built-in ones and your own.
///
/// ```
/// use limits::window::{Fixed, Moving};
/// use limits::{AnyStorageBuilder, MemoryStorage, StorageSchemes};
///
/// let schemes = StorageSchemes::default().with_scheme("mine", |uri| {
///     let size = uri.option("size")?.unwrap_or(100);
///     let storage = AnyStorageBuilder::new("mine", MemoryStorage::with_max_keys(size));
///     Ok(storage.with(Fixed).with(Moving).build())
/// });
/// let storage = schemes.storage_from_string("mine://?size=5")?;
/// # Ok::<(), limits::StorageError>(())
/// ```
#[derive(Clone)]
pub struct StorageSchemes(BTreeMap<String, Arc<Make>>);

impl Default for StorageSchemes {
    /// Starts with the schemes of the features that this crate was built with.
    fn default() -> Self {
        let schemes = Self(BTreeMap::new());
        #[cfg(feature = "memory")]
        let schemes = schemes.with_own(memory::SCHEMES, memory::from_uri);
        #[cfg(feature = "etcd")]
        let schemes = schemes.with_own(etcd::SCHEMES, etcd::from_uri);
        #[cfg(feature = "memcached")]
        let schemes = schemes.with_own(memcached::SCHEMES, memcached::from_uri);
        #[cfg(feature = "mongodb")]
        let schemes = schemes.with_own(MongoDbStorage::SCHEMES, MongoDbStorage::of);
        #[cfg(feature = "redis")]
        let schemes = schemes
            .with_own(RedisStorage::SCHEMES, RedisStorage::of)
            .with_own(RedisClusterStorage::SCHEMES, RedisClusterStorage::of)
            .with_own(RedisSentinelStorage::SCHEMES, RedisSentinelStorage::of);
        schemes
    }
}

impl StorageSchemes {
    /// Adds a scheme, or replaces one, by how a storage is made for it.
    ///
    /// Schemes compare in lower case.
    #[must_use]
    pub fn with_scheme<F>(mut self, scheme: &str, make: F) -> Self
    where
        F: Fn(&StorageUri) -> Result<AnyStorage, StorageError> + Send + Sync + 'static,
    {
        self.0.insert(scheme.to_ascii_lowercase(), Arc::new(make));
        self
    }

    /// Makes the storage that `uri` names.
    ///
    /// # Errors
    ///
    /// As [`storage_from_string`], and what the scheme's own maker says.
    pub fn storage_from_string(&self, uri: &str) -> Result<AnyStorage, StorageError> {
        let uri: StorageUri = uri.parse()?;
        let Some(make) = self.0.get(uri.scheme()) else {
            return Err(self.unknown(&uri));
        };
        let (resilience, rest) = uri.split(&RESILIENCE);
        if !resilience.has_options() {
            return make(&rest);
        }
        resilience.check_options(&RESILIENCE)?;
        around(&resilience, || make(&rest))
    }

    /// Adds all schemes of a storage of this crate.
    #[cfg(any(
        feature = "memory",
        feature = "redis",
        feature = "etcd",
        feature = "memcached",
        feature = "mongodb"
    ))]
    fn with_own<S>(self, schemes: &[&str], make: fn(&StorageUri) -> Result<S, StorageError>) -> Self
    where
        S: KeepsAll + Storage<Error = StorageError> + Send + Sync + 'static,
    {
        schemes.iter().fold(self, |own, scheme| {
            own.with_scheme(scheme, move |uri| {
                let storage = AnyStorageBuilder::new(uri.scheme(), make(uri)?);
                Ok(storage.with_all().build())
            })
        })
    }

    fn has_any_of(&self, scheme: &str) -> bool {
        self.0.contains_key(scheme)
    }

    fn unknown(&self, uri: &StorageUri) -> StorageError {
        let feature = feature(uri.scheme());
        // A scheme such as `redis+other` stays unknown where the feature is on.
        if let Some(feature) = feature.filter(|feature| !self.has_any_of(feature)) {
            return uri.wrong(format!("needs the feature `{feature}` of the crate limits"));
        }
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let known = known.join(", ");
        uri.wrong(format!("unknown storage scheme, expected one of: {known}"))
    }
}

impl fmt::Debug for StorageSchemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(all(test, not(feature = "memory")))]
mod tests_without_features {
    use super::*;

    #[test]
    fn a_scheme_whose_feature_is_off_names_it() {
        let message = |uri| {
            let error = storage_from_string(uri).expect_err("the feature is off");
            error.to_string()
        };
        assert_eq!(
            message("memory://"),
            "memory: needs the feature `memory` of the crate limits"
        );
        #[cfg(not(feature = "mongodb"))]
        assert_eq!(
            message("async+mongodb+srv://host"),
            "mongodb+srv: needs the feature `mongodb` of the crate limits"
        );
        #[cfg(not(feature = "redis"))]
        assert_eq!(
            message("async+valkey+cluster://host"),
            "valkey+cluster: needs the feature `redis` of the crate limits"
        );
    }
}

#[cfg(all(test, feature = "memory"))]
mod tests {
    use super::*;

    fn message(uri: &str) -> String {
        storage_from_string(uri)
            .expect_err("a wrong URI")
            .to_string()
    }

    #[test]
    fn accepts_the_spellings_that_python_accepts() {
        for uri in [
            "memory://",
            "async+memory://",
            "MEMORY://",
            " memory://",
            "memory:",
        ] {
            assert!(storage_from_string(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn says_which_part_is_wrong() {
        assert_eq!(
            message("memory"),
            "limits: the storage is not a URI, expected one such as memory://"
        );
        let unknown = message("carrier-pigeon://coop");
        let known = "carrier-pigeon: unknown storage scheme, expected one of: ";
        let known = unknown.strip_prefix(known).expect("it is unknown");
        assert!(
            known.split(", ").any(|scheme| scheme == "memory"),
            "{known}"
        );
        assert_eq!(
            message("memory://here"),
            "memory: takes no host and no path"
        );
        assert_eq!(
            message("memory://?max_keys=many"),
            "memory: the option `max_keys` has a wrong value"
        );
        assert_eq!(
            message("memory://?size=1"),
            "memory: unknown option, known: max_keys (in a user or password a ? is written %3F)"
        );
        assert_eq!(
            message("memory://?max_keys=1&max_keys=2"),
            "memory: the option `max_keys` is given twice"
        );
    }

    #[test]
    fn errors_hold_no_secret() {
        for uri in [
            "x://user:hunter2@host/0?password=hunter2",
            "user:hunter2@host",
            "hunter2",
            "memory://user:pass?hunter2@host",
            "memory://user:pass?hunter2=1@host",
        ] {
            let error = storage_from_string(uri).expect_err("an unknown scheme");
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
        }
        let uri: StorageUri = "x://user:hunter2@host?p=hunter2".parse().expect("a URI");
        assert!(!format!("{uri:?}").contains("hunter2"));
    }
}
