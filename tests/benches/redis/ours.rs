use core::time::Duration;

use limits::{AnyStorage, RateLimitItem, RedisStorage, Storage, StrategyName};
use limits_tests::servers::RedisServer;

use super::{AMOUNT, Failure, KEYS, drive};

/// Through the public API, with the strategy chosen at run time.
pub(super) async fn run(
    server: &RedisServer,
    strategy: StrategyName,
    tasks: usize,
    hits: usize,
) -> Result<Duration, Failure> {
    let storage = AnyStorage::new("redis", RedisStorage::from_uri(&server.uri())?);
    let limiter = storage.limiter(strategy)?;
    let item = RateLimitItem::per_minute(AMOUNT);
    let users: Vec<String> = (0..KEYS).map(|user| format!("user-{user}")).collect();
    storage.check().await?;
    drive(tasks, hits, async |user| {
        let decision = limiter.hit(&item, &users[user], 1).await?;
        if decision.allowed() {
            Ok(())
        } else {
            Err("refused".into())
        }
    })
    .await
}
