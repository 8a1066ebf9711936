//! What a storage's URI says.

#[cfg(any(feature = "redis", feature = "memcached"))]
mod location;
mod storage_uri;
#[cfg(any(feature = "redis", feature = "memcached"))]
mod timeouts;

#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) use location::{Host, Location};
pub use storage_uri::StorageUri;
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) use timeouts::Timeouts;
