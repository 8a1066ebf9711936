use super::{IntoDecision, Strategy};
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
    #[inline(always)]
    fn acquire(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        incr(storage, key, limit, cost, now, false)
    }

    fn peek(
        &self,
        storage: &S,
        key: Key<'_>,
        _limit: Limit,
        _cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        storage.get(key, now)
    }
}

impl<S: FixedWindowSupport> Strategy<S> for Elastic {
    #[inline(always)]
    fn acquire(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        incr(storage, key, limit, cost, now, true)
    }

    fn peek(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        Fixed.peek(storage, key, limit, cost, now)
    }
}

#[inline(always)]
fn incr<S: FixedWindowSupport>(
    storage: &S,
    key: Key<'_>,
    limit: Limit,
    cost: u64,
    now: Timestamp,
    elastic_expiry: bool,
) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
    let increment = Increment {
        amount: cost,
        expiry: limit.period(),
        elastic_expiry,
        ceiling: Some(limit.amount()),
    };
    storage.incr(key, increment, now)
}
