//! Counters in the memory of this process: `memory://`.

mod blocks;
mod kept;
mod shard;
mod shards;
mod storage;
mod table;
mod text;
mod together;
mod until;

pub use storage::MemoryStorage;
pub(crate) use storage::{SCHEMES, from_uri};
