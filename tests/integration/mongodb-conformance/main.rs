//! Runs the conformance suite on MongoDB, alone and as a replica set.

use core::future::ready;

use limits::{MongoDbStorage, StorageError, storage_from_string};
use limits_core::Storage;
use limits_tests::conformance::{KeepsAll, Served, ServedBackend, Suite};
use limits_tests::servers::{MongoDbOptions, MongoDbServer};

/// A busy machine is not what is tested here.
const PATIENT: &str = "response_timeout_ms=5000&connect_timeout_ms=5000";

const MONGODB: ServedBackend = ServedBackend {
    largest_amount: (1 << 53) - 1,
    // A document has room for so many units.
    largest_moving_amount: 1 << 19,
    starts_windows_with_the_first_hit: true,
    // In Python's formats two strategies share a document.
    keeps_strategies_apart: false,
    decides_at_once: false,
    can_be_reset: true,
    counts_keys: true,
};

/// One hit keeps the server and the driver busy for about a millisecond.
const TRIALS_AT_ONCE: usize = 12;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut suite = Suite::new()?.with_trials_at_once(TRIALS_AT_ONCE);
    let server = MongoDbServer::start()?;
    let replica_set = MongoDbOptions::new().as_replica_set().start()?;
    let server_uri = format!("{}?{PATIENT}", server.uri());
    let replica_set_uri = format!("{}&{PATIENT}", replica_set.uri());
    add(&mut suite, "mongodb", &server_uri, MongoDbStorage::from_uri)?;
    add(
        &mut suite,
        "mongodb-replica-set",
        &replica_set_uri,
        MongoDbStorage::from_uri,
    )?;
    add(
        &mut suite,
        "mongodb-by-uri",
        &format!("async+{server_uri}"),
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
    let uri = format!("{uri}&database_name={name}");
    let served = Served::new(MONGODB, || connect(&uri))?;
    let backend = suite.backend(name, move || ready(Ok(served.clone())));
    suite.every_strategy(&backend);
    Ok(())
}
