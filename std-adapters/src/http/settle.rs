use http::response;
use limits_core::Keeps;

use super::asked::Taken;
use super::policies::Policies;

impl Policies {
    /// Settles what was taken by what the answer says was used, in turn.
    pub(super) async fn settle(&self, taken: Vec<Taken<'_>>, answer: &response::Parts) {
        for Taken {
            policy,
            counter,
            charge,
        } in taken
        {
            let Some(used) = policy.used.as_ref().and_then(|used| used(answer)) else {
                continue;
            };
            let (strategy, now) = (policy.strategy, self.clock.now());
            let settled = self
                .storage
                .settle(strategy, counter.key(), charge, used, now);
            if let Err(error) = settled.await {
                self.report(&error);
            }
        }
    }
}
