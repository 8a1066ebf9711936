use super::Strategy;
use crate::decision::Decision;
use crate::item::Limit;
use crate::key::Key;
use crate::storage::FixedWindowSupport;
use crate::time::Timestamp;
use crate::window::Increment;

/// The strategy of [`FixedWindowRateLimiter`](super::FixedWindowRateLimiter).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fixed;

/// The strategy of [`FixedWindowElasticExpiryRateLimiter`](super::FixedWindowElasticExpiryRateLimiter).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Elastic;

impl<S: FixedWindowSupport> Strategy<S> for Fixed {
    fn acquire(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        incr(storage, key, limit, cost, now, false)
    }

    fn peek(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        let call = storage.get(key, now);
        async move { Ok(Decision::test(limit, cost, now, call.await?)) }
    }
}

impl<S: FixedWindowSupport> Strategy<S> for Elastic {
    fn acquire(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        incr(storage, key, limit, cost, now, true)
    }

    fn peek(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        Fixed.peek(storage, key, limit, cost, now)
    }
}

fn incr<S: FixedWindowSupport>(
    storage: &S,
    key: Key<'_>,
    limit: Limit,
    cost: u64,
    now: Timestamp,
    elastic_expiry: bool,
) -> impl Future<Output = Result<Decision, S::Error>> + Send {
    let increment = Increment {
        amount: cost,
        expiry: limit.period(),
        elastic_expiry,
        ceiling: Some(limit.amount()),
    };
    let call = storage.incr(key, increment, now);
    async move {
        let answer = call.await?;
        Ok(Decision::hit(
            answer.applied,
            limit,
            cost,
            now,
            answer.window,
        ))
    }
}
