//! What a storage's URI says.

#[cfg(any(feature = "redis", feature = "memcached"))]
mod location;
mod storage_uri;
#[cfg(any(feature = "redis", feature = "memcached", feature = "mongodb"))]
mod timeouts;

#[cfg(feature = "redis")]
pub(crate) use location::Host;
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) use location::Location;
pub use storage_uri::StorageUri;
#[cfg(any(feature = "redis", feature = "memcached", feature = "mongodb"))]
pub(crate) use timeouts::Timeouts;
