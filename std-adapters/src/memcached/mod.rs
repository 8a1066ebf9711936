//! Counters in memcached: one server, or several that keys are spread over.
mod error;
mod forms;
mod names;
mod node;
mod placement;
mod protocol;
mod store;

pub use placement::Placement;
pub use store::{Memcached, MemcachedStorage};

pub(crate) use store::{SCHEMES, from_uri};
