//! Storages and limiters chosen at run time.

mod answer;
mod builder;
mod erased;
#[cfg(any(
    feature = "memory",
    feature = "redis",
    feature = "etcd",
    feature = "memcached",
    feature = "mongodb",
    feature = "resilience"
))]
mod keeps_all;
mod storage;

pub use builder::AnyStorageBuilder;
#[cfg(any(
    feature = "memory",
    feature = "redis",
    feature = "etcd",
    feature = "memcached",
    feature = "mongodb",
    feature = "resilience"
))]
pub(crate) use keeps_all::KeepsAll;
pub use storage::{AnyRateLimiter, AnyStorage};
