//! Storages in etcd: what is stored and for how long, who is let in, what fails and how.

use core::time::Duration;
use std::time::Instant;

use limits::window::Kind;
use limits::{
    Ask, Clock, Decision, EtcdStorage, Keeps, RateLimitItem, StorageError, StorageErrorKind,
    StrategyName, SystemClock,
};
use limits_tests::servers::EtcdServer;

mod access;
mod clocks;
mod cluster;
mod faults;
mod leases;
mod repairs;
mod stored;
mod together;
mod uris;

type Outcome = Result<(), Box<dyn core::error::Error>>;

/// More than a call may take by the default timeouts, and a busy machine.
const LONGEST: Duration = Duration::from_millis(1_000 + 500 + 1_000);

/// A storage that waits as long as a busy machine may need.
fn storage(server: &EtcdServer) -> Result<EtcdStorage, StorageError> {
    patient(&server.uri())
}

fn patient(uri: &str) -> Result<EtcdStorage, StorageError> {
    let mark = if uri.contains('?') { '&' } else { '?' };
    EtcdStorage::from_uri(&format!(
        "{uri}{mark}response_timeout_ms=5000&connect_timeout_ms=5000"
    ))
}

/// Hits once.
async fn hit<K: Kind + Into<StrategyName>>(
    storage: &EtcdStorage,
    kind: K,
    item: &RateLimitItem<'_>,
    id: &str,
) -> Result<Decision, StorageError> {
    let ask = Ask::new(kind, item, id, 1);
    storage.acquire(ask, SystemClock.now()).await
}

/// Hits until one passes, as services do after a failure; at most for ten seconds.
async fn hit_again<K: Kind + Into<StrategyName>>(
    storage: &EtcdStorage,
    kind: K,
    item: &RateLimitItem<'_>,
    id: &str,
) -> Result<Decision, StorageError> {
    let start = Instant::now();
    loop {
        match hit(storage, kind, item, id).await {
            Err(error) if start.elapsed() < Duration::from_secs(10) => {
                is_a_fault(&error);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            result => return result,
        }
    }
}

/// Claims that an error is one of those that pass.
fn is_a_fault(error: &StorageError) {
    use StorageErrorKind::{Timeout, Unavailable};
    assert!(matches!(error.kind(), Timeout | Unavailable), "{error:?}");
}
