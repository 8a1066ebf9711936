//! The servers that other tests start: they answer, obey, and go away in every case.

use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

mod cluster;
mod etcd;
mod mongodb;
mod owner;
mod sentinels;
mod single;

/// Far above what it takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

/// Waits until `holds`.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn process_exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}
