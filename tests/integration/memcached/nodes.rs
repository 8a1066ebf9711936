use limits::window::Fixed;
use limits::{Ask, Clock, Keeps, MemcachedStorage, RateLimitItem, Storage, SystemClock};
use limits_tests::servers::MemcachedServer;

use super::Outcome;

/// Keys are where the chosen client of Python has them, whatever process asks, and the
/// keys of a server that is gone are not counted elsewhere.
#[tokio::test]
async fn b16_keys_stay_on_their_servers() -> Outcome {
    let servers = [MemcachedServer::start(&[])?, MemcachedServer::start(&[])?];
    let [first, second] = servers.each_ref().map(MemcachedServer::address);
    let item = RateLimitItem::per_hour(1);
    for placement in ["memcachio", "pymemcache"] {
        let uri = format!("memcached://{first},{second}?placement={placement}");
        let (one, other) = (
            MemcachedStorage::from_uri(&uri)?,
            MemcachedStorage::from_uri(&uri)?,
        );
        one.check().await?;
        for number in 0..40 {
            let id = format!("{placement}-{number}");
            let ask = Ask::new(Fixed, &item, id.as_str(), 1);
            assert!(one.acquire(ask, SystemClock.now()).await?.allowed(), "{id}");
            assert!(
                !other.acquire(ask, SystemClock.now()).await?.allowed(),
                "{id}"
            );
        }
    }
    for server in &servers {
        let items = server.ask("stats")?;
        let items = items
            .lines()
            .find_map(|line| line.strip_prefix("STAT curr_items "));
        let items: u32 = items.unwrap_or_default().parse()?;
        assert!(items > 20, "both have some: {items}");
    }
    servers[0].kill()?;
    let storage = MemcachedStorage::from_uri(&format!("memcached://{first},{second}"))?;
    let (mut failed, mut refused) = (0, 0);
    for number in 0..40 {
        let id = format!("memcachio-{number}");
        let ask = Ask::new(Fixed, &item, id.as_str(), 1);
        match storage.acquire(ask, SystemClock.now()).await {
            Ok(decision) => {
                assert!(!decision.allowed(), "{id}");
                refused += 1;
            }
            Err(_) => failed += 1,
        }
    }
    assert!(
        failed > 5 && refused > 5,
        "{failed} failed, {refused} refused"
    );
    assert!(storage.check().await.is_err());
    Ok(())
}
