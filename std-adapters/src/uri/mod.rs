//! Storages by URI.

#[cfg(feature = "redis")]
mod location;
mod schemes;
mod storage_uri;

#[cfg(feature = "redis")]
pub(crate) use location::{Host, Location};
pub use schemes::{StorageSchemes, storage_from_string};
pub use storage_uri::StorageUri;
