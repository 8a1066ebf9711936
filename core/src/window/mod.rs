//! The arithmetic of windows: small states and what a hit does to them.
//!
//! Pure functions of a state, a limit, a cost and an instant, in integers only.
//! Storages that compute where they run call them on what they keep; storages
//! whose server computes turn its answer into a [`Decision`](crate::Decision)
//! by them. A window made at `t` with a period of `E` is over at exactly `t + E`.

mod airtime;
mod fixed;
mod moving;
mod sliding;

pub use airtime::AirtimeWindow;
pub use fixed::{FixedWindow, Increment, Incremented};
pub use moving::{MovingUsage, MovingWindow, Run, RunLog};
pub use sliding::SlidingWindow;

use crate::item::Limit;
use crate::time::Timestamp;

/// A state that a storage can keep in a slot and forget once it is over.
pub trait Window {
    /// The state of a key that was never hit.
    const EMPTY: Self;

    /// Tells when the state is over and equals [`EMPTY`](Self::EMPTY).
    fn expires_at(&self) -> Timestamp;
}

/// Makes a counter of 32 bits, which stays at the most it can hold: for windows
/// and slots of firmware, whose storages refuse limits of more.
#[inline]
pub(crate) fn narrow(units: u64) -> u32 {
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// What a decision was made from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Usage {
    /// Nothing was read: an untouched key.
    Untouched,
    /// A fixed window, elastic or not.
    Fixed(FixedWindow),
    /// A moving window.
    Moving(MovingUsage),
    /// A sliding window counter.
    Sliding(SlidingWindow),
    /// No window: the key is blocked until an instant.
    Blocked(Timestamp),
}

impl Usage {
    pub(crate) fn admits(&self, limit: Limit, cost: u64, now: Timestamp) -> bool {
        match self {
            Self::Untouched => cost <= limit.amount(),
            Self::Fixed(window) => window.admits(limit, cost, now),
            Self::Moving(usage) => usage.admits(limit, cost),
            Self::Sliding(window) => window.admits(limit, cost, now),
            Self::Blocked(until) => *until <= now && cost <= limit.amount(),
        }
    }

    pub(crate) fn used(&self, limit: Limit, now: Timestamp) -> u64 {
        match self {
            Self::Untouched => 0,
            Self::Fixed(window) => window.count(now),
            Self::Moving(usage) => usage.used,
            Self::Sliding(window) => window.used(limit.period(), now),
            Self::Blocked(until) => {
                if now < *until {
                    limit.amount()
                } else {
                    0
                }
            }
        }
    }

    pub(crate) fn reset_time(&self, limit: Limit, now: Timestamp) -> Timestamp {
        match self {
            Self::Untouched => now,
            Self::Fixed(window) => window.reset_time(now),
            Self::Moving(usage) => usage.reset_time.max(now),
            Self::Sliding(window) => window.reset_time(limit.period(), now),
            Self::Blocked(until) => now.max(*until),
        }
    }

    /// Tells when `cost`, which is at most the amount, fits.
    pub(crate) fn retry_at(&self, limit: Limit, cost: u64, now: Timestamp) -> Timestamp {
        match self {
            Self::Untouched => now,
            Self::Fixed(window) => window.retry_at(limit, cost, now),
            Self::Moving(usage) => usage.retry_at.max(now),
            Self::Sliding(window) => window.retry_at(limit, cost, now),
            Self::Blocked(until) => now.max(*until),
        }
    }
}

impl From<FixedWindow> for Usage {
    fn from(window: FixedWindow) -> Self {
        Self::Fixed(window)
    }
}

impl From<MovingUsage> for Usage {
    fn from(usage: MovingUsage) -> Self {
        Self::Moving(usage)
    }
}

impl From<SlidingWindow> for Usage {
    fn from(window: SlidingWindow) -> Self {
        Self::Sliding(window)
    }
}
