//! Runs the conformance suite on MongoDB, alone and as a replica set.

use limits::{MongoDbStorage, storage_from_string};
use limits_tests::conformance::{Served, ServedBackend, Suite};
use limits_tests::servers::{MongoDbOptions, MongoDbServer};

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
    let uri = |uri: String, name: &str| {
        let mark = if uri.contains('?') { '&' } else { '?' };
        format!("{uri}{mark}database_name={name}")
    };
    let alone = uri(server.uri(), "mongodb");
    Served::connect(MONGODB, &alone, MongoDbStorage::from_uri)?.add_to(&mut suite, "mongodb");
    let replicated = uri(replica_set.uri(), "mongodb-replica-set");
    Served::connect(MONGODB, &replicated, MongoDbStorage::from_uri)?
        .add_to(&mut suite, "mongodb-replica-set");
    let by_uri = uri(format!("async+{}", server.uri()), "mongodb-by-uri");
    Served::connect(MONGODB, &by_uri, storage_from_string)?.add_to(&mut suite, "mongodb-by-uri");
    suite.run().exit()
}
