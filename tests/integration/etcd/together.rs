//! Several limits at once, and many callers at once.

use std::sync::Arc;
use std::time::Instant;

use limits::window::{Fixed, Gcra, Kind, Moving};
use limits::{
    Ask, Clock, EtcdStorage, FixedWindowRateLimiter, Keeps, RateLimitItem, StorageError,
    StrategyName, SystemClock,
};
use limits_tests::servers::{EtcdCluster, EtcdServer};
use tokio::task::JoinSet;

use super::{Outcome, hit, patient, storage};

type Limiter = Arc<FixedWindowRateLimiter<EtcdStorage>>;

fn services(uri: &str, count: usize) -> Result<Vec<Limiter>, StorageError> {
    let storages = (0..count).map(|_| patient(uri));
    storages
        .map(|storage| Ok(Arc::new(FixedWindowRateLimiter::new(storage?))))
        .collect()
}

/// Each call takes from both limits, in one order or the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_limits_of_several_services_are_taken_from_exactly() -> Outcome {
    let (one, cluster) = (EtcdServer::start()?, EtcdCluster::start()?);
    let (few, many) = (RateLimitItem::per_hour(25), RateLimitItem::per_day(40));
    for uri in [one.uri(), cluster.uri()] {
        let services = services(&uri, 4)?;
        let mut tasks = JoinSet::new();
        for number in 0..60 {
            let limiter = Arc::clone(&services[number % 4]);
            tasks.spawn(async move {
                let mut asks = [
                    Ask::new(Fixed, &few, "a", 1),
                    Ask::new(Fixed, &many, "a", 1),
                ];
                if number % 3 == 0 {
                    asks.reverse();
                }
                limiter
                    .hit_all(&asks)
                    .await
                    .map(|decisions| decisions.allowed())
            });
        }
        let mut admitted = 0;
        for allowed in tasks.join_all().await {
            admitted += u32::from(allowed?);
        }
        assert_eq!(admitted, 25, "{uri}");
        let left = services[0].get_window_stats(&many, "a").await?.remaining;
        assert_eq!(left, 40 - 25, "nothing of what was refused is taken: {uri}");
    }
    Ok(())
}

/// Everybody has a limit of their own, and all share one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_that_all_share_is_taken_from_exactly() -> Outcome {
    let server = EtcdServer::start()?;
    let services = services(&server.uri(), 3)?;
    let (own, shared) = (RateLimitItem::per_hour(2), RateLimitItem::per_hour(100));
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let limiter = Arc::clone(&services[number % 3]);
        tasks.spawn(async move {
            let id = number.to_string();
            let mut admitted = 0;
            for _ in 0..4 {
                let asks = [
                    Ask::new(Fixed, &own, id.as_str(), 1),
                    Ask::new(Fixed, &shared, "all", 1),
                ];
                admitted += u64::from(limiter.hit_all(&asks).await?.allowed());
            }
            let left = limiter.get_window_stats(&own, id.as_str()).await?.remaining;
            Ok::<_, StorageError>((admitted, left))
        });
    }
    let mut sum = 0;
    for outcome in tasks.join_all().await {
        let (admitted, left) = outcome?;
        assert_eq!(admitted + left, 2, "own units go with shared ones");
        sum += admitted;
    }
    assert_eq!(sum, 100);
    // One key for each and one for all, each with its lease.
    assert_eq!(server.entries("limits/")?.len(), server.leases()?.len());
    Ok(())
}

#[tokio::test]
async fn as_many_limits_as_a_transaction_has_room_for_are_taken_from() -> Outcome {
    let server = EtcdServer::start()?;
    let limiter = &services(&server.uri(), 1)?[0];
    let item = RateLimitItem::per_hour(2);
    let ids: Vec<String> = (0..128).map(|number| number.to_string()).collect();
    let asks = ids.iter().map(|id| Ask::new(Fixed, &item, id.as_str(), 1));
    let asks: Vec<_> = asks.collect();
    for passes in [true, true, false] {
        assert_eq!(limiter.hit_all(&asks[..]).await?.allowed(), passes);
    }
    assert_eq!(server.leases()?.len(), 128);
    Ok(())
}

/// All are answered, none is `Contended`, and as many pass as fit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hot_key_of_64_tasks_is_taken_from_exactly() -> Outcome {
    let server = EtcdServer::start()?;
    is_exact(&server, Fixed).await?;
    is_exact(&server, Moving).await?;
    is_exact(&server, Gcra).await
}

async fn is_exact<K: Kind + Into<StrategyName>>(server: &EtcdServer, kind: K) -> Outcome {
    for count in [1, 4] {
        let storages = (0..count).map(|_| storage(server).map(Arc::new));
        let storages: Vec<_> = storages.collect::<Result<_, _>>()?;
        let item = RateLimitItem::per_day(1_000);
        let id = format!("hot-{count}");
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for number in 0..64 {
            let (storage, id) = (Arc::clone(&storages[number % count]), id.clone());
            tasks.spawn(async move {
                let mut admitted = 0;
                for _ in 0..25 {
                    admitted += u64::from(hit(&storage, kind, &item, &id).await?.allowed());
                }
                Ok::<u64, StorageError>(admitted)
            });
        }
        let mut admitted = 0;
        for outcome in tasks.join_all().await {
            admitted += outcome?;
        }
        println!("{count} services, {}: {:?}", kind.name(), start.elapsed());
        assert_eq!(admitted, 1_000, "{} by {count} services", kind.name());
    }
    Ok(())
}

#[tokio::test]
async fn a_question_takes_nothing() -> Outcome {
    let server = EtcdServer::start()?;
    let storage = storage(&server)?;
    let item = RateLimitItem::per_hour(1);
    for _ in 0..3 {
        let ask = Ask::new(Fixed, &item, "a", 1);
        assert!(storage.peek(ask, SystemClock.now()).await?.allowed());
    }
    assert_eq!(server.entries("")?, []);
    assert_eq!(server.leases()?, []);
    Ok(())
}
