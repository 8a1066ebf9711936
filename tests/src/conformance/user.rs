use libtest_mimic::Failed;
use limits_core::{
    Ask, Clock, Decision, Keeps, RateLimitItem, RateLimiter, Timestamp, WindowStats,
};

use super::fixture::Fixture;
use super::strategy::Tested;
use super::suite::Outcome;

/// Somebody who is limited: an identifier, its limit and a limiter.
#[derive(Debug)]
pub struct User<F: Fixture, K> {
    /// The limiter, over a storage handle of its own.
    pub limiter: RateLimiter<K, F::Storage, F::Clock>,
    /// The limit.
    pub item: RateLimitItem<'static>,
    /// The identifier.
    pub id: String,
}

impl<F: Fixture<Storage: Keeps<K>>, K: Tested> User<F, K> {
    /// Tells the instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.limiter.clock().now()
    }

    /// Hits.
    ///
    /// # Errors
    ///
    /// The storage's.
    pub async fn hit(&self, cost: u64) -> Result<Decision, Failed> {
        Ok(self.limiter.hit(&self.item, &self.id, cost).await?)
    }

    /// Tests.
    ///
    /// # Errors
    ///
    /// The storage's.
    pub async fn test(&self, cost: u64) -> Result<Decision, Failed> {
        Ok(self.limiter.test(&self.item, &self.id, cost).await?)
    }

    /// Asks for the state of the window.
    ///
    /// # Errors
    ///
    /// The storage's.
    pub async fn stats(&self) -> Result<WindowStats, Failed> {
        Ok(self.limiter.get_window_stats(&self.item, &self.id).await?)
    }

    /// Clears the window.
    ///
    /// # Errors
    ///
    /// The storage's.
    pub async fn clear(&self) -> Result<(), Failed> {
        Ok(self.limiter.clear(&self.item, &self.id).await?)
    }

    /// Asks for units together with others.
    #[must_use]
    pub fn ask(&self, cost: u64) -> Ask<'_, K> {
        Ask::new(K::default(), &self.item, &self.id, cost)
    }

    /// Hits, is allowed to, and tells the decision.
    ///
    /// # Errors
    ///
    /// The storage's, or the hit was refused.
    pub async fn take(&self, cost: u64) -> Result<Decision, Failed> {
        let decision = self.hit(cost).await?;
        if !decision.allowed() {
            return Err(format!("a hit of {cost} should be allowed: {decision:?}").into());
        }
        Ok(decision)
    }

    /// Hits, and is allowed to.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub async fn passes(&self, cost: u64) -> Outcome {
        self.take(cost).await.map(drop)
    }

    /// Hits, is refused, and tells the decision.
    ///
    /// # Errors
    ///
    /// The storage's, or the hit was allowed.
    pub async fn refused(&self, cost: u64) -> Result<Decision, Failed> {
        let decision = self.hit(cost).await?;
        if decision.allowed() {
            return Err(format!("a hit of {cost} should be refused: {decision:?}").into());
        }
        Ok(decision)
    }

    /// Hits, and is refused.
    ///
    /// # Errors
    ///
    /// As [`refused`](Self::refused).
    pub async fn fails(&self, cost: u64) -> Outcome {
        self.refused(cost).await.map(drop)
    }

    /// Hits by ones until refused, at most so often, and tells how often it was allowed.
    ///
    /// # Errors
    ///
    /// The storage's.
    pub async fn take_all(&self, at_most: u64) -> Result<u64, Failed> {
        let mut units = 0;
        while units < at_most && self.hit(1).await?.allowed() {
            units += 1;
        }
        Ok(units)
    }
}
