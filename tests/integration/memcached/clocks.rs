//! Two services whose clocks are 2 s apart, on one server.

use core::time::Duration;

use limits::Micros;
use limits::cas::Cas;
use limits::memcached::Memcached;
use limits_tests::servers::MemcachedServer;
use limits_tests::{Host, hosts_apart_admit_no_more_than_the_step_allows};

use super::Outcome;

#[tokio::test]
async fn clocks_apart_admit_no_more_than_the_step_allows() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let uri = format!("{}?response_timeout_ms=5000", server.uri());
    let [one, other] = Host::apart(Micros::from_secs(2));
    let services = [
        Cas::with_wall_clock(Memcached::from_uri(&uri)?, one),
        Cas::with_wall_clock(Memcached::from_uri(&uri)?, other),
    ];
    hosts_apart_admit_no_more_than_the_step_allows(&services, Duration::from_secs(2)).await?;
    Ok(())
}
