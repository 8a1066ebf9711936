use super::{IntoDecision, Strategy};
use crate::item::Limit;
use crate::key::Key;
use crate::storage::MovingWindowSupport;
use crate::time::Timestamp;

/// The strategy of [`MovingWindowRateLimiter`](super::MovingWindowRateLimiter).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Moving;

impl<S: MovingWindowSupport> Strategy<S> for Moving {
    #[inline(always)]
    fn acquire(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        storage.acquire_entry(key, limit, cost, now)
    }

    fn peek(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        storage.get_moving_window(key, limit, cost, now)
    }
}
