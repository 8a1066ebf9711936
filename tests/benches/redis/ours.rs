use limits::{
    FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimitItem, RedisStorage,
    SlidingWindowCounterRateLimiter, Storage, StrategyName,
};
use limits_tests::servers::RedisServer;

use super::{AMOUNT, Failure, KEYS};

/// The public API.
pub(super) struct Ours {
    limiter: Limiter,
    item: RateLimitItem<'static>,
    users: Vec<String>,
}

enum Limiter {
    Fixed(FixedWindowRateLimiter<RedisStorage>),
    Moving(MovingWindowRateLimiter<RedisStorage>),
    Sliding(SlidingWindowCounterRateLimiter<RedisStorage>),
}

impl Ours {
    pub(super) async fn connect(
        server: &RedisServer,
        strategy: StrategyName,
    ) -> Result<Self, Failure> {
        let storage = RedisStorage::from_uri(&server.uri())?;
        storage.check().await?;
        let limiter = match strategy {
            StrategyName::MovingWindow => Limiter::Moving(MovingWindowRateLimiter::new(storage)),
            StrategyName::SlidingWindowCounter => {
                Limiter::Sliding(SlidingWindowCounterRateLimiter::new(storage))
            }
            _ => Limiter::Fixed(FixedWindowRateLimiter::new(storage)),
        };
        Ok(Self {
            limiter,
            item: RateLimitItem::per_minute(AMOUNT),
            users: (0..KEYS).map(|user| format!("user-{user}")).collect(),
        })
    }

    pub(super) async fn hit(&self, user: usize) -> Result<(), Failure> {
        let (item, user) = (&self.item, &self.users[user]);
        let decision = match &self.limiter {
            Limiter::Fixed(limiter) => limiter.hit(item, user, 1).await?,
            Limiter::Moving(limiter) => limiter.hit(item, user, 1).await?,
            Limiter::Sliding(limiter) => limiter.hit(item, user, 1).await?,
        };
        if decision.allowed() {
            Ok(())
        } else {
            Err("refused".into())
        }
    }
}
