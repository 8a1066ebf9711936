//! What a storage's URI says.

#[cfg(any(feature = "etcd", feature = "redis", feature = "memcached"))]
mod location;
mod storage_uri;
#[cfg(any(
    feature = "etcd",
    feature = "redis",
    feature = "memcached",
    feature = "mongodb"
))]
mod timeouts;
#[cfg(any(feature = "etcd", feature = "redis"))]
mod tls_files;

#[cfg(feature = "redis")]
pub(crate) use location::Host;
#[cfg(any(feature = "etcd", feature = "redis", feature = "memcached"))]
pub(crate) use location::Location;
pub use storage_uri::StorageUri;
#[cfg(any(
    feature = "etcd",
    feature = "redis",
    feature = "memcached",
    feature = "mongodb"
))]
pub(crate) use timeouts::Timeouts;
#[cfg(any(feature = "etcd", feature = "redis"))]
pub(crate) use tls_files::TlsFiles;
