//! Several limits in a cluster: at once where their keys are in one slot, in turn else.

use limits::{RedisClusterStorage, StorageError};
use limits_core::window::{Elastic, Fixed, Gcra, SlidingCounter};
use limits_core::{Ask, Decision, Keeps, RateLimitItem, StrategyName, Timestamp};
use limits_tests::servers::{RedisCluster, RedisServer};
use redis::Client;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);
const PATIENT: &str = "response_timeout_ms=5000&connect_timeout_ms=5000";

type Outcome = Result<(), Box<dyn core::error::Error>>;

async fn hit(
    storage: &RedisClusterStorage,
    asks: &[Ask<'_, StrategyName>],
) -> Result<Vec<Decision>, StorageError> {
    let mut decisions: Vec<_> = asks
        .iter()
        .map(|ask| Decision::never(ask.hit(NOW)))
        .collect();
    storage.acquire_all(asks, NOW, &mut decisions).await?;
    Ok(decisions)
}

/// How many scripts all nodes have run since they were last asked.
fn scripts(cluster: &RedisCluster) -> Result<u64, redis::RedisError> {
    let mut scripts = 0;
    for node in cluster.nodes() {
        let mut connection = Client::open(RedisServer::uri(node))?.get_connection()?;
        let stats: String = redis::cmd("INFO")
            .arg("commandstats")
            .query(&mut connection)?;
        let calls = stats.lines().filter_map(|line| {
            let (_, rest) = line.strip_prefix("cmdstat_eval")?.split_once("calls=")?;
            rest.split_once(',')?.0.parse::<u64>().ok()
        });
        scripts += calls.sum::<u64>();
        redis::cmd("CONFIG")
            .arg("RESETSTAT")
            .exec(&mut connection)?;
    }
    Ok(scripts)
}

#[tokio::test]
async fn limits_of_one_slot_take_one_round_trip() -> Outcome {
    let cluster = RedisCluster::start()?;
    let storage = RedisClusterStorage::from_uri(&format!("{}?{PATIENT}", cluster.uri()))?;
    let few = RateLimitItem::per_hour(3).with_namespace("{shop}");
    let many = RateLimitItem::per_hour(9).with_namespace("{shop}");
    let counters = [
        Ask::new(Fixed.into(), &few, "u", 1),
        Ask::new(Elastic.into(), &many, "v", 1),
    ];
    let others = [
        Ask::new(SlidingCounter.into(), &few, "u", 1),
        Ask::new(Gcra.into(), &many, "v", 1),
    ];
    for asks in [counters, others] {
        let first = hit(&storage, &asks).await?;
        assert!(first.iter().all(Decision::allowed), "{first:?}");
        scripts(&cluster)?;
        let second = hit(&storage, &asks).await?;
        assert_eq!(scripts(&cluster)?, 1);
        assert!(second.iter().all(Decision::allowed), "{second:?}");
        let third = hit(&storage, &[asks[0].with_cost(2), asks[1]]).await?;
        assert_eq!(
            third.iter().map(Decision::allowed).collect::<Vec<_>>(),
            [false, true]
        );
        assert_eq!(
            third.iter().map(Decision::remaining).collect::<Vec<_>>(),
            [1, 7]
        );
    }
    Ok(())
}

#[tokio::test]
async fn limits_of_several_slots_are_asked_and_hit_in_turn() -> Outcome {
    let cluster = RedisCluster::start()?;
    let storage = RedisClusterStorage::from_uri(&format!("{}?{PATIENT}", cluster.uri()))?;
    let items = [3, 9].map(|amount| RateLimitItem::per_hour(amount).with_namespace("{shop}"));
    let asks = [
        Ask::new(StrategyName::FixedWindow, &items[0], "u", 2),
        Ask::new(StrategyName::Gcra, &items[1], "v", 2),
    ];
    assert!(hit(&storage, &asks).await?.iter().all(Decision::allowed));
    scripts(&cluster)?;
    let refused = hit(&storage, &asks).await?;
    assert_eq!(scripts(&cluster)?, 3, "asked, and one told that refuses");
    assert_eq!(
        refused.iter().map(Decision::allowed).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(
        refused.iter().map(Decision::remaining).collect::<Vec<_>>(),
        [1, 7]
    );
    Ok(())
}
