//! Answers: whether a hit passes, what remains, when to come back.

use core::time::Duration;

use crate::item::Limit;
use crate::time::Timestamp;
use crate::window::Usage;

/// The answer to a hit or a test.
///
/// It holds the window it was made from; everything but [`allowed`](Self::allowed)
/// is worked out when asked for, so a caller pays for what it uses.
///
/// ```
/// use limits_core::{Decision, FixedWindow, Limit, Micros, Timestamp};
///
/// let limit = Limit::new(2, Micros::from_secs(60));
/// let now = Timestamp::from_secs(1_000);
/// let full = FixedWindow::new(2, Timestamp::from_secs(1_030));
/// let decision = Decision::test(limit, 1, now, full);
/// assert!(!decision.allowed());
/// assert_eq!(decision.remaining(), 0);
/// assert_eq!(decision.retry_at(), Some(Timestamp::from_secs(1_030)));
/// ```
#[must_use = "a decision that nobody reads limits nothing"]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Decision {
    allowed: bool,
    limit: Limit,
    cost: u64,
    now: Timestamp,
    usage: Usage,
}

impl Decision {
    /// Makes the answer to a hit of `cost` that left the window as `usage`.
    pub fn hit(
        allowed: bool,
        limit: Limit,
        cost: u64,
        now: Timestamp,
        usage: impl Into<Usage>,
    ) -> Self {
        Self {
            allowed,
            limit,
            cost,
            now,
            usage: usage.into(),
        }
    }

    /// Makes the answer to the question whether a hit of `cost` would pass `usage`.
    pub fn test(limit: Limit, cost: u64, now: Timestamp, usage: impl Into<Usage>) -> Self {
        let usage = usage.into();
        let allowed = usage.admits(limit, cost, now);
        Self::hit(allowed, limit, cost, now, usage)
    }

    /// Makes the answer to a hit whose cost is above the amount: no storage was
    /// asked, so the window reads as untouched.
    pub(crate) fn never(limit: Limit, cost: u64, now: Timestamp) -> Self {
        Self::hit(false, limit, cost, now, Usage::Untouched)
    }

    /// Tells whether the hit passes.
    #[must_use]
    pub const fn allowed(&self) -> bool {
        self.allowed
    }

    /// Tells the amount of the limit.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit.amount()
    }

    /// Tells the instant the decision was made at.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Tells how many units are left, after the hit.
    ///
    /// A cost above the limit's amount is refused unseen and reports the full amount.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit
            .amount()
            .saturating_sub(self.usage.used(self.limit, self.now))
    }

    /// Tells when the window resets, never in the past; an untouched key says [`now`](Self::now).
    ///
    /// Fixed and elastic windows: their end. Moving window: when its oldest unit
    /// is released. Sliding counter: when anything is next released.
    #[must_use]
    pub fn reset_time(&self) -> Timestamp {
        self.usage.reset_time(self.limit, self.now)
    }

    /// Tells how long it is to [`reset_time`](Self::reset_time).
    #[must_use]
    pub fn reset_after(&self) -> Duration {
        self.reset_time().saturating_since(self.now).to_duration()
    }

    /// Tells the first instant at which the same hit passes if nobody else hits:
    /// now if it passed, `None` if it never can.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        if self.allowed {
            return Some(self.now);
        }
        let possible = self.cost <= self.limit.amount();
        possible.then(|| self.usage.retry_at(self.limit, self.cost, self.now))
    }

    /// Tells how long it is to [`retry_at`](Self::retry_at).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let wait = self.retry_at()?.saturating_since(self.now);
        Some(wait.to_duration())
    }

    /// Tells the state of the window without the verdict.
    #[must_use]
    pub fn stats(&self) -> WindowStats {
        WindowStats {
            limit: self.limit(),
            remaining: self.remaining(),
            reset_time: self.reset_time(),
            now: self.now,
        }
    }
}

/// The state of one window: how much is left, and until when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct WindowStats {
    /// The amount of the limit.
    pub limit: u64,
    /// The units left now.
    pub remaining: u64,
    /// When the window resets; see [`Decision::reset_time`].
    pub reset_time: Timestamp,
    /// The instant these numbers are of.
    pub now: Timestamp,
}

impl WindowStats {
    /// Tells how long it is to the reset.
    #[must_use]
    pub const fn reset_after(&self) -> Duration {
        self.reset_time.saturating_since(self.now).to_duration()
    }
}
