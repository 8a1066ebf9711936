use super::{IntoDecision, Strategy};
use crate::item::Limit;
use crate::key::Key;
use crate::storage::SlidingWindowCounterSupport;
use crate::time::Timestamp;

/// The strategy of [`SlidingWindowCounterRateLimiter`](super::SlidingWindowCounterRateLimiter).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SlidingCounter;

impl<S: SlidingWindowCounterSupport> Strategy<S> for SlidingCounter {
    #[inline(always)]
    fn acquire(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        storage.acquire_sliding_window_entry(key, limit, cost, now)
    }

    fn peek(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        _cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        storage.get_sliding_window(key, limit.period(), now)
    }
}
