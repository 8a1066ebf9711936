//! Runs the conformance suite on memcached.

use core::time::Duration;
use std::time::SystemTime;

use libtest_mimic::Failed;
use limits::{MemcachedStorage, StorageError, storage_from_string};
use limits_core::Storage;
use limits_tests::conformance::{KeepsAll, PERIOD, Served, ServedBackend, Suite};
use limits_tests::servers::MemcachedServer;

const MEMCACHED: ServedBackend = ServedBackend {
    largest_amount: u64::MAX,
    // An item is of 1 MiB at most.
    largest_moving_amount: 1 << 15,
    starts_windows_with_the_first_hit: true,
    keeps_strategies_apart: true,
    decides_at_once: false,
    can_be_reset: false,
    counts_keys: false,
};

/// Sliding counters are of the periods since the Unix epoch, as in Python.
const IN_STEP: ServedBackend = ServedBackend {
    starts_windows_with_the_first_hit: false,
    ..MEMCACHED
};

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut suite = Suite::new()?;
    let one = MemcachedServer::start(&[])?;
    let two = [MemcachedServer::start(&[])?, MemcachedServer::start(&[])?];
    let [first, second] = &two;
    let two_uri = format!("memcached://{},{}", first.address(), second.address());
    add(
        &mut suite,
        "memcached",
        &one.uri(),
        MemcachedStorage::from_uri,
    )?;
    add(
        &mut suite,
        "memcached-two-nodes",
        &two_uri,
        MemcachedStorage::from_uri,
    )?;
    add(
        &mut suite,
        "memcached-by-uri",
        &one.uri(),
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
    let served = Served::connect(MEMCACHED, uri, connect)?;
    let backend = suite.backend(name, move || core::future::ready(Ok(served.for_trial())));
    suite.fixed_window(&backend);
    suite.moving_window(&backend);
    suite.gcra(&backend);
    let in_step = Served::connect(IN_STEP, uri, connect)?;
    let backend = suite.backend(name, move || {
        shortly_after_a_round_time(in_step.for_trial())
    });
    suite.sliding_window_counter(&backend);
    suite.all_strategies_together(&backend);
    Ok(())
}

async fn shortly_after_a_round_time<S>(served: Served<S>) -> Result<Served<S>, Failed> {
    let period = u128::from(PERIOD.as_micros());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let left = period - now.as_micros() % period;
    tokio::time::sleep(Duration::from_micros(u64::try_from(left)?)).await;
    Ok(served)
}
