use core::time::Duration;
use std::sync::Arc;

use limits::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits::{EtcdStorage, RateLimitItem, Storage, StrategyName};
use limits_tests::servers::EtcdServer;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Outcome, hit, storage};

const ITEM: RateLimitItem<'static> = RateLimitItem::per_minute(106);

#[tokio::test]
async fn b24_hits_on_one_key_grant_one_lease() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    storage.check().await?;
    assert_eq!(server.leases()?, []);
    has_one_lease(&server, &storage, Fixed).await?;
    has_one_lease(&server, &storage, Elastic).await?;
    has_one_lease(&server, &storage, Moving).await?;
    has_one_lease(&server, &storage, SlidingCounter).await?;
    has_one_lease(&server, &storage, Gcra).await
}

async fn has_one_lease<K: Kind + Into<StrategyName>>(
    server: &EtcdServer,
    storage: &EtcdStorage,
    kind: K,
) -> Outcome {
    let name = kind.name();
    // Far more than pass: refused ones grant none either.
    for (hits, passing) in [(1, 1), (5, 5), (100, 100), (20, 0)] {
        for _ in 0..hits {
            let allowed = hit(storage, kind, &ITEM, name).await?.allowed();
            // A bucket is refilled meanwhile.
            assert!(allowed == (passing > 0) || name == "gcra", "{name}");
        }
        let leases = server.leases()?;
        assert_eq!(leases.len(), 1, "{name} after {hits} more: {leases:?}");
    }
    let entries = server.entries("")?;
    let leases = server.leases()?;
    assert_eq!(entries[0].lease.as_ref(), Some(&leases[0].id), "{name}");
    let granted = leases[0].granted.as_secs();
    // A window is needed for up to two periods by the core.
    let longest = 2 * 2 * 60 + 5;
    assert!((60..=longest).contains(&granted), "{name}: {granted} s");
    storage.clear(ITEM.key_for(name)).await?;
    assert_eq!(server.leases()?, [], "{name} was cleared");
    Ok(())
}

#[tokio::test]
async fn b24_a_lease_is_an_hour_longer_than_its_window_at_most() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_year(5);
    assert!(hit(&storage, Fixed, &item, "a").await?.allowed());
    let (year, hour) = (360 * 86_400, 3_600);
    let granted = server.leases()?[0].granted.as_secs();
    assert!((year..=year + hour + 5).contains(&granted), "{granted} s");
    Ok(())
}

#[tokio::test]
async fn b24_clear_and_reset_leave_no_lease() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    for id in ["a", "b", "c"] {
        assert!(hit(&storage, Fixed, &ITEM, id).await?.allowed());
        assert!(hit(&storage, Moving, &ITEM, id).await?.allowed());
    }
    assert_eq!(server.leases()?.len(), 6);
    storage.clear(ITEM.key_for("a")).await?;
    assert_eq!(server.leases()?.len(), 4);
    assert_eq!(storage.reset().await?, 4);
    assert_eq!(server.leases()?, []);
    Ok(())
}

#[tokio::test]
async fn b24_services_that_race_to_make_a_key_leave_one_lease() -> Outcome {
    let server = EtcdServer::start()?;
    let services = [(); 8].map(|()| storage(&server).map(Arc::new));
    let services: Vec<_> = services.into_iter().collect::<Result<_, _>>()?;
    for key in 0..20 {
        let mut hits = JoinSet::new();
        for service in &services {
            let service = Arc::clone(service);
            let id = key.to_string();
            hits.spawn(async move { hit(&service, Fixed, &ITEM, &id).await });
        }
        for decision in hits.join_all().await {
            assert!(decision?.allowed());
        }
        let leases = server.leases()?;
        assert_eq!(leases.len(), key + 1, "{leases:?}");
    }
    let entries = server.entries("limits/")?;
    assert!(
        entries.iter().all(|entry| entry.value.starts_with("8:")),
        "{entries:?}"
    );
    Ok(())
}

/// Windows one after the other: a key gets another lease at times, for the one it had.
#[tokio::test]
async fn b24_windows_in_a_row_have_one_lease_at_a_time() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_second(2);
    let mut admitted = 0;
    for _ in 0..50 {
        admitted += u32::from(hit(&storage, Fixed, &item, "a").await?.allowed());
        let leases = server.leases()?;
        assert_eq!(leases.len(), 1, "{leases:?}");
        sleep(Duration::from_millis(180)).await;
    }
    // Nine seconds, and more on a busy machine.
    assert!(admitted >= 12, "{admitted}");
    Ok(())
}

/// Python's client with threads lets the lease end with the first window.
#[tokio::test]
async fn b24_an_elastic_window_keeps_its_key() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_second(1_000).with_multiples(core::num::NonZeroU32::MIN);
    let item = item.with_multiples(core::num::NonZeroU32::new(2).ok_or("above 0")?);
    // Six times as long as its first window, and longer than its first lease.
    for number in 1..=24 {
        let decision = hit(&storage, Elastic, &item, "a").await?;
        assert_eq!(decision.remaining(), 1_000 - number, "{decision:?}");
        sleep(Duration::from_millis(500)).await;
    }
    let leases = server.leases()?;
    assert_eq!(leases.len(), 1, "{leases:?}");
    Ok(())
}
