use http::response;
use limits_core::RateLimiter;

use super::asked::Taken;
use super::policies::Policies;

impl Policies {
    /// Settles what was taken by what the answer says was used, in turn.
    pub(super) async fn settle(&self, taken: Vec<Taken<'_>>, answer: &response::Parts) {
        for Taken {
            policy,
            item,
            identifier,
            charge,
        } in taken
        {
            let Some(used) = policy.used.as_ref().and_then(|used| used(answer)) else {
                continue;
            };
            let strategy = policy.strategy;
            let limiter = RateLimiter::with_strategy(strategy, &self.storage, &*self.clock);
            let settled = limiter.settle(&item, identifier.as_str(), charge, used);
            if let Err(error) = settled.await {
                self.report(&error);
            }
        }
    }
}
