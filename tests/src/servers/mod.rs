//! Real servers for the tests, each on free loopback ports and in a folder of its own.
//!
//! A server lives as long as its handle, and never longer than the process that started it,
//! however that ends. Everything here blocks the calling thread, briefly.
//!
//! A missing program is an error that names the command which installs it, never a skip.
//!
//! # Examples
//!
//! ```
//! use limits_tests::servers::RedisServer;
//!
//! let server = RedisServer::start()?;
//! assert_eq!(server.cli(&["PING"])?, "PONG");
//! # Ok::<(), limits_tests::servers::Error>(())
//! ```

pub mod process;

mod browser;
mod error;
mod etcd;
mod keeper;
mod memcached;
mod mongodb;
mod ports;
mod program;
mod redis;
mod tls;
mod wait;

pub use browser::Browser;
pub use error::Error;
pub use etcd::{EtcdCluster, EtcdEntry, EtcdLease, EtcdOptions, EtcdServer};
pub use memcached::MemcachedServer;
pub use mongodb::{MongoDbOptions, MongoDbReplicaSet, MongoDbServer};
pub use redis::{RedisCluster, RedisOptions, RedisSentinels, RedisServer, SlotMigration};
pub use tls::TlsFiles;
