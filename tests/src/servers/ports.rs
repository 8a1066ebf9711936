use core::hash::{BuildHasher, Hasher};
use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicU16, Ordering};
use std::hash::RandomState;
use std::io;
use std::net::TcpListener;
use std::sync::LazyLock;

use super::Error;

/// The bus of a Redis Cluster node listens on its port plus this, as does an etcd node for its
/// peers.
pub(crate) const BUS_OFFSET: u16 = 10_000;
const FIRST: u16 = 11_000;
const COUNT: u16 = BUS_OFFSET;

/// Where to look next; processes begin at random places, as several may run at once.
static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
    let random = RandomState::new().build_hasher().finish() % u64::from(COUNT);
    AtomicU16::new(u16::try_from(random).expect("it is below COUNT"))
});

/// Finds a loopback port that is free, as is the one for the others of its cluster.
///
/// No port is found twice by one process before all have been. None lies in the usual ephemeral
/// range (32768 and up): the kernel gives those to clients, also while a server is down for a
/// restart.
pub(crate) fn free_port() -> Result<u16, Error> {
    (0..COUNT)
        .map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|port| is_free(*port) && is_free(*port + BUS_OFFSET))
        .ok_or(io::ErrorKind::AddrInUse.into())
        .map_err(Error::io("free port"))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
