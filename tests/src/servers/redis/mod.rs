//! Redis: a single server, a cluster, and a primary watched by sentinels.

mod access;
mod cluster;
mod config;
mod options;
mod sentinels;
mod server;
mod start;

pub use cluster::{RedisCluster, SlotMigration};
pub use options::RedisOptions;
pub use sentinels::RedisSentinels;
pub use server::RedisServer;
