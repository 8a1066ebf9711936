use limits::{RateLimitItem, RateLimiter, RedisStorage, Storage, StrategyName, SystemClock};
use limits_tests::servers::RedisServer;

use super::{AMOUNT, Failure, KEYS};

/// The public API.
pub(super) struct Ours {
    limiter: RateLimiter<StrategyName, RedisStorage, SystemClock>,
    item: RateLimitItem<'static>,
    users: Vec<String>,
}

impl Ours {
    pub(super) async fn connect(
        server: &RedisServer,
        strategy: StrategyName,
    ) -> Result<Self, Failure> {
        let storage = RedisStorage::from_uri(&server.uri())?;
        storage.check().await?;
        let limiter = RateLimiter::with_strategy(strategy, storage, SystemClock);
        Ok(Self {
            limiter,
            item: RateLimitItem::per_minute(AMOUNT),
            users: (0..KEYS).map(|user| format!("user-{user}")).collect(),
        })
    }

    pub(super) async fn hit(&self, user: usize) -> Result<(), Failure> {
        let (item, user) = (&self.item, &self.users[user]);
        let decision = self.limiter.hit(item, user, 1).await?;
        if decision.allowed() {
            Ok(())
        } else {
            Err("refused".into())
        }
    }
}
