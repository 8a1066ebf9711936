//! What storages on servers do when servers fail: one test at a time, each with the
//! machine to itself.

mod cluster;
mod connections;
mod load;
mod others;
mod refusals;
mod resilience;
mod sentinels;
mod single;

use limits_tests::servers;
use tokio::sync::{Mutex, MutexGuard};

type Outcome = Result<(), Box<dyn core::error::Error>>;

/// Makes the tests run one after the other.
async fn alone() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::const_new(());
    MACHINE.lock().await
}

/// Does something with a server that takes its time, beside the load.
async fn meanwhile<T, F>(act: F) -> Result<T, servers::Error>
where
    F: FnOnce() -> Result<T, servers::Error>,
{
    tokio::task::block_in_place(act)
}
