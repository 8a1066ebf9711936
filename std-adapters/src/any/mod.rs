//! Storages and limiters chosen at run time.

mod answer;
mod builder;
mod erased;
mod storage;

pub use builder::AnyStorageBuilder;
pub use storage::{AnyRateLimiter, AnyStorage};
