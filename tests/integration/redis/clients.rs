//! Storages of clients and connections that the program has already.

use limits::{
    FixedWindowSupport, MovingWindowRateLimiter, MovingWindowSupport, RateLimitItem,
    RedisClusterStorage, RedisSentinelStorage, RedisStorage, SlidingWindowCounterSupport, Storage,
    StorageError,
};
use limits_tests::servers::{RedisCluster, RedisSentinels, RedisServer};
use redis::Client;
use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClient, SentinelServerType};

type Outcome = Result<(), Box<dyn core::error::Error>>;

const PREFIX: &str = "mine";

/// Three may pass, whoever asks.
async fn limits_together<S>(one: S, other: S) -> Outcome
where
    S: Storage<Error = StorageError>
        + FixedWindowSupport
        + MovingWindowSupport
        + SlidingWindowCounterSupport,
{
    let [one, other] = [one, other].map(MovingWindowRateLimiter::new);
    let item = RateLimitItem::per_hour(3);
    assert!(one.hit(&item, "a", 2).await?.allowed());
    assert!(!other.hit(&item, "a", 2).await?.allowed());
    assert!(other.hit(&item, "a", 1).await?.allowed());
    assert_eq!(one.get_window_stats(&item, "a").await?.remaining, 0);
    one.storage().check().await?;
    assert_eq!(other.storage().reset().await?, 1);
    assert_eq!(one.get_window_stats(&item, "a").await?.remaining, 3);
    Ok(())
}

#[tokio::test]
async fn of_a_server() -> Outcome {
    let server = RedisServer::start()?;
    let client = Client::open(server.uri())?;
    let manager = client.get_connection_manager().await?;
    let connected = RedisStorage::from_connection(manager).with_key_prefix(PREFIX);
    let connecting = RedisStorage::from_client(client).with_key_prefix(PREFIX);
    limits_together(connected, connecting).await
}

#[tokio::test]
async fn of_a_cluster() -> Outcome {
    let cluster = RedisCluster::start()?;
    let nodes = cluster.nodes().iter().map(RedisServer::uri);
    let client = ClusterClient::new(nodes)?;
    let connection = client.get_async_connection().await?;
    let connected = RedisClusterStorage::from_connection(connection).with_key_prefix(PREFIX);
    let connecting = RedisClusterStorage::from_client(client).with_key_prefix(PREFIX);
    limits_together(connected, connecting).await
}

#[tokio::test]
async fn of_sentinels() -> Outcome {
    let sentinels = RedisSentinels::start()?;
    let storage = || {
        let sentinels_uris = sentinels.sentinels().iter().map(RedisServer::uri);
        let name = sentinels.service_name().to_owned();
        let role = SentinelServerType::Master;
        let client = SentinelClient::build(sentinels_uris.collect(), name, None, role);
        client.map(|client| RedisSentinelStorage::from_client(client).with_key_prefix(PREFIX))
    };
    limits_together(storage()?, storage()?).await
}
