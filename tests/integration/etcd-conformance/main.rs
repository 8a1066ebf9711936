//! Runs the conformance suite on etcd, alone and as a cluster.

use limits::{EtcdStorage, storage_from_string};
use limits_tests::conformance::{Served, ServedBackend, Suite};
use limits_tests::servers::{EtcdCluster, EtcdServer};

const ETCD: ServedBackend = ServedBackend {
    largest_amount: u64::MAX,
    // A request is of 1.5 MiB at most.
    largest_moving_amount: 1 << 16,
    starts_windows_with_the_first_hit: true,
    keeps_strategies_apart: true,
    decides_at_once: true,
    can_be_reset: true,
    counts_keys: true,
};

/// One hit is three questions, each of which keeps a cluster busy for a millisecond.
const TRIALS_AT_ONCE: usize = 8;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut suite = Suite::new()?.with_trials_at_once(TRIALS_AT_ONCE);
    let server = EtcdServer::start()?;
    let cluster = EtcdCluster::start()?;
    let uri = |uri: String, name: &str| format!("{uri}?key_prefix={name}");
    let alone = uri(server.uri(), "etcd");
    Served::connect(ETCD, &alone, EtcdStorage::from_uri)?.add_to(&mut suite, "etcd");
    let nodes = uri(cluster.uri(), "etcd-cluster");
    Served::connect(ETCD, &nodes, EtcdStorage::from_uri)?.add_to(&mut suite, "etcd-cluster");
    let by_uri = uri(format!("async+{}", server.uri()), "etcd-by-uri");
    Served::connect(ETCD, &by_uri, storage_from_string)?.add_to(&mut suite, "etcd-by-uri");
    suite.run().exit()
}
