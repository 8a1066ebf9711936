//! A pointer to a storage is a storage.

use super::{
    FixedWindowSupport, MovingWindowSupport, ReserveSupport, SlidingWindowCounterSupport, Storage,
};
use crate::decision::Decision;
use crate::item::Limit;
use crate::key::Key;
use crate::time::{Micros, Timestamp};
use crate::window::{FixedWindow, Increment, Incremented, MovingUsage, SlidingWindow};

macro_rules! forward_to_pointee {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<S: Storage> Storage for $pointer {
            type Error = S::Error;

            fn check(&self) -> impl Future<Output = Result<(), S::Error>> + Send {
                (**self).check()
            }

            fn reset(&self) -> impl Future<Output = Result<u64, S::Error>> + Send {
                (**self).reset()
            }

            fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), S::Error>> + Send {
                (**self).clear(key)
            }
        }

        #[deny(clippy::missing_trait_methods)]
        impl<S: FixedWindowSupport> FixedWindowSupport for $pointer {
            #[inline(always)]
            fn incr(
                &self,
                key: Key<'_>,
                increment: Increment,
                now: Timestamp,
            ) -> impl Future<Output = Result<Incremented, S::Error>> + Send {
                (**self).incr(key, increment, now)
            }

            #[inline(always)]
            fn get(
                &self,
                key: Key<'_>,
                now: Timestamp,
            ) -> impl Future<Output = Result<FixedWindow, S::Error>> + Send {
                (**self).get(key, now)
            }

            fn get_expiry(
                &self,
                key: Key<'_>,
                now: Timestamp,
            ) -> impl Future<Output = Result<Timestamp, S::Error>> + Send {
                (**self).get_expiry(key, now)
            }
        }

        #[deny(clippy::missing_trait_methods)]
        impl<S: MovingWindowSupport> MovingWindowSupport for $pointer {
            #[inline(always)]
            fn acquire_entry(
                &self,
                key: Key<'_>,
                limit: Limit,
                cost: u64,
                now: Timestamp,
            ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
                (**self).acquire_entry(key, limit, cost, now)
            }

            #[inline(always)]
            fn get_moving_window(
                &self,
                key: Key<'_>,
                limit: Limit,
                cost: u64,
                now: Timestamp,
            ) -> impl Future<Output = Result<MovingUsage, S::Error>> + Send {
                (**self).get_moving_window(key, limit, cost, now)
            }
        }

        #[deny(clippy::missing_trait_methods)]
        impl<S: ReserveSupport> ReserveSupport for $pointer {
            fn reserve(
                &self,
                key: Key<'_>,
                limit: Limit,
                cost: u64,
                now: Timestamp,
            ) -> Result<Decision, S::Error> {
                (**self).reserve(key, limit, cost, now)
            }

            fn settle(
                &self,
                key: Key<'_>,
                limit: Limit,
                reserved: u64,
                used: u64,
                now: Timestamp,
            ) -> Result<(), S::Error> {
                (**self).settle(key, limit, reserved, used, now)
            }
        }

        #[deny(clippy::missing_trait_methods)]
        impl<S: SlidingWindowCounterSupport> SlidingWindowCounterSupport for $pointer {
            #[inline(always)]
            fn acquire_sliding_window_entry(
                &self,
                key: Key<'_>,
                limit: Limit,
                cost: u64,
                now: Timestamp,
            ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
                (**self).acquire_sliding_window_entry(key, limit, cost, now)
            }

            #[inline(always)]
            fn get_sliding_window(
                &self,
                key: Key<'_>,
                period: Micros,
                now: Timestamp,
            ) -> impl Future<Output = Result<SlidingWindow, S::Error>> + Send {
                (**self).get_sliding_window(key, period, now)
            }
        }
    };
}

forward_to_pointee!(&S);
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
forward_to_pointee!(alloc::sync::Arc<S>);
