//! What a storage's URI says.

#[cfg(feature = "redis")]
mod location;
mod storage_uri;

#[cfg(feature = "redis")]
pub(crate) use location::{Host, Location};
pub use storage_uri::StorageUri;
