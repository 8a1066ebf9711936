//! Runs the conformance suite on Redis: apart from the storages in memory, whose
//! trials keep the processors so busy that real time passes unnoticed.

use core::future::ready;

use limits::{
    RedisClusterStorage, RedisSentinelStorage, RedisStorage, StorageError, storage_from_string,
};
use limits_core::Storage;
use limits_tests::conformance::{KeepsAll, Served, ServedBackend, Suite};
use limits_tests::servers::{RedisCluster, RedisSentinels, RedisServer};

/// A busy machine is not what is tested here.
const PATIENT: &str = "response_timeout_ms=5000&connect_timeout_ms=5000";

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

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut suite = Suite::new()?;
    let server = RedisServer::start()?;
    let cluster = RedisCluster::start()?;
    let sentinels = RedisSentinels::start()?;
    add(&mut suite, "redis", &server.uri(), RedisStorage::from_uri)?;
    add(
        &mut suite,
        "redis-cluster",
        &cluster.uri(),
        RedisClusterStorage::from_uri,
    )?;
    add(
        &mut suite,
        "redis-sentinel",
        &sentinels.uri(),
        RedisSentinelStorage::from_uri,
    )?;
    add(
        &mut suite,
        "redis-by-uri",
        &server.uri(),
        storage_from_string,
    )?;
    suite.run().exit()
}

fn add<S>(
    suite: &mut Suite,
    name: &'static str,
    uri: &str,
    connect: fn(&str) -> Result<S, StorageError>,
) -> Result<(), StorageError>
where
    S: KeepsAll + Storage<Error = StorageError> + Send + Sync + 'static,
{
    let uri = format!("{uri}?key_prefix={name}&{PATIENT}");
    let served = Served::new(REDIS, || connect(&uri))?;
    let backend = suite.backend(name, move || ready(Ok(served.clone())));
    suite.every_strategy(&backend);
    Ok(())
}
