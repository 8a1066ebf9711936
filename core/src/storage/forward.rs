//! A pointer to a storage is a storage.

use super::{Ask, Keeps, Storage};
use crate::decision::Decision;
use crate::key::Key;
use crate::time::Timestamp;
use crate::window::{Charge, Kind, Settled};

macro_rules! forward_to_pointee {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<S: Storage> Storage for $pointer {
            type Error = S::Error;

            const MOST_UNITS: u64 = S::MOST_UNITS;
            const IS_IMMEDIATE: bool = S::IS_IMMEDIATE;

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
        impl<K: Kind, S: Keeps<K>> Keeps<K> for $pointer {
            #[inline(always)]
            fn acquire(
                &self,
                ask: Ask<'_, K>,
                now: Timestamp,
            ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
                (**self).acquire(ask, now)
            }

            #[inline(always)]
            fn peek(
                &self,
                ask: Ask<'_, K>,
                now: Timestamp,
            ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
                (**self).peek(ask, now)
            }

            fn settle(
                &self,
                kind: K,
                key: Key<'_>,
                charge: Charge,
                used: u64,
                now: Timestamp,
            ) -> impl Future<Output = Result<Settled, S::Error>> + Send {
                (**self).settle(kind, key, charge, used, now)
            }

            fn acquire_all(
                &self,
                asks: &[Ask<'_, K>],
                now: Timestamp,
                decisions: &mut [Decision],
            ) -> impl Future<Output = Result<(), S::Error>> + Send {
                (**self).acquire_all(asks, now, decisions)
            }

            fn peek_all(
                &self,
                asks: &[Ask<'_, K>],
                now: Timestamp,
                decisions: &mut [Decision],
            ) -> impl Future<Output = Result<(), S::Error>> + Send {
                (**self).peek_all(asks, now, decisions)
            }
        }
    };
}

forward_to_pointee!(&S);
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
forward_to_pointee!(alloc::sync::Arc<S>);
