//! etcd: a single server, and a cluster of three.

mod access;
mod cluster;
mod options;
mod server;
mod start;
mod stored;

pub use cluster::EtcdCluster;
pub use options::EtcdOptions;
pub use server::EtcdServer;
pub use stored::{EtcdEntry, EtcdLease};
