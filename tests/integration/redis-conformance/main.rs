//! Runs the conformance suite on Redis: apart from the storages in memory, whose
//! trials keep the processors so busy that real time passes unnoticed.

use limits::{RedisClusterStorage, RedisSentinelStorage, RedisStorage, storage_from_string};
use limits_tests::conformance::{Served, ServedBackend, Suite};
use limits_tests::servers::{RedisCluster, RedisSentinels, RedisServer};

const REDIS: ServedBackend = ServedBackend {
    largest_amount: (1 << 53) - 1,
    largest_moving_amount: 1 << 20,
    starts_windows_with_the_first_hit: true,
    // In Python's formats the first strategy under a name has it for itself.
    keeps_strategies_apart: false,
    decides_at_once: true,
    can_be_reset: true,
    counts_keys: true,
};

/// In a cluster only limits whose keys share a slot are decided at once.
const CLUSTER: ServedBackend = ServedBackend {
    decides_at_once: false,
    ..REDIS
};

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut suite = Suite::new()?;
    let server = RedisServer::start()?;
    let cluster = RedisCluster::start()?;
    let sentinels = RedisSentinels::start()?;
    let uri = |uri: String, name: &str| format!("{uri}?key_prefix={name}");
    let by_type = uri(server.uri(), "redis");
    Served::connect(REDIS, &by_type, RedisStorage::from_uri)?.add_to(&mut suite, "redis");
    let nodes = uri(cluster.uri(), "redis-cluster");
    Served::connect(CLUSTER, &nodes, RedisClusterStorage::from_uri)?
        .add_to(&mut suite, "redis-cluster");
    let watched = uri(sentinels.uri(), "redis-sentinel");
    Served::connect(REDIS, &watched, RedisSentinelStorage::from_uri)?
        .add_to(&mut suite, "redis-sentinel");
    let by_uri = uri(server.uri(), "redis-by-uri");
    Served::connect(REDIS, &by_uri, storage_from_string)?.add_to(&mut suite, "redis-by-uri");
    suite.run().exit()
}
