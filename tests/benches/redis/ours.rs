use limits::{AnyRateLimiter, RateLimitItem, Storage, StrategyName, storage_from_string};
use limits_tests::servers::RedisServer;

use super::{AMOUNT, Failure, KEYS};

/// The public API, with storage and strategy chosen at run time.
pub(super) struct Ours {
    limiter: AnyRateLimiter,
    item: RateLimitItem<'static>,
    users: Vec<String>,
}

impl Ours {
    pub(super) async fn connect(
        server: &RedisServer,
        strategy: StrategyName,
    ) -> Result<Self, Failure> {
        let storage = storage_from_string(&server.uri())?;
        storage.check().await?;
        Ok(Self {
            limiter: storage.limiter(strategy)?,
            item: RateLimitItem::per_minute(AMOUNT),
            users: (0..KEYS).map(|user| format!("user-{user}")).collect(),
        })
    }

    pub(super) async fn hit(&self, user: usize) -> Result<(), Failure> {
        let decision = self.limiter.hit(&self.item, &self.users[user], 1).await?;
        if decision.allowed() {
            Ok(())
        } else {
            Err("refused".into())
        }
    }
}
