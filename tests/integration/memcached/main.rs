//! Storages in memcached: what is stored, which keys are safe, what fails and how.

mod clocks;
mod faults;
mod keys;
mod nodes;
mod periods;
mod uris;

use limits::{MemcachedStorage, StorageError};
use limits_tests::servers::MemcachedServer;

type Outcome = Result<(), Box<dyn core::error::Error>>;

fn storage(server: &MemcachedServer) -> Result<MemcachedStorage, StorageError> {
    let uri = format!(
        "{}?response_timeout_ms=5000&connect_timeout_ms=5000",
        server.uri()
    );
    MemcachedStorage::from_uri(&uri)
}
