//! Answers: whether a hit passes, what remains, when to come back.

use core::time::Duration;

use crate::origin::Origin;
use crate::time::Timestamp;
use crate::window::{Charge, Hit, Mark, Usage};

/// The answer to a hit or a test.
///
/// It holds the window it was made from; everything but [`allowed`](Self::allowed)
/// is worked out when asked for, so a caller pays for what it uses.
///
/// ```
/// use limits_core::window::Hit;
/// use limits_core::{Decision, FixedWindow, Limit, Micros, Timestamp};
///
/// let limit = Limit::new(2, Micros::from_secs(60));
/// let hit = Hit::new(limit, 1, Timestamp::from_secs(1_000));
/// let full = FixedWindow::new(2, Timestamp::from_secs(1_030));
/// let decision = Decision::test(hit, full);
/// assert!(!decision.allowed());
/// assert_eq!(decision.remaining(), 0);
/// assert_eq!(decision.retry_at(), Some(Timestamp::from_secs(1_030)));
/// ```
#[must_use = "a decision that nobody reads limits nothing"]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Decision {
    allowed: bool,
    /// Whether units were taken.
    is_charged: bool,
    origin: Origin,
    hit: Hit,
    usage: Usage,
    /// The window by its storage's own clock.
    mark: Option<Mark>,
}

impl Decision {
    /// Makes the answer to a hit that was allowed or not and left the window as `usage`.
    #[inline(always)]
    pub fn hit(allowed: bool, hit: Hit, usage: impl Into<Usage>) -> Self {
        Self {
            allowed,
            is_charged: allowed && hit.cost() > 0,
            origin: Origin::Storage,
            hit,
            usage: usage.into(),
            mark: None,
        }
    }

    /// Makes the answer to the question whether `hit` would pass `usage`.
    #[inline(always)]
    pub fn test(hit: Hit, usage: impl Into<Usage>) -> Self {
        let usage = usage.into();
        Self {
            is_charged: false,
            ..Self::hit(usage.admits(hit), hit, usage)
        }
    }

    /// Makes the answer to a hit whose cost is above the amount: no storage was
    /// asked, so the window reads as untouched.
    #[inline(always)]
    pub fn never(hit: Hit) -> Self {
        Self::hit(false, hit, Usage::Untouched)
    }

    /// Says who decided.
    pub const fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// The same answer, but the hit passes and took nothing, for the reason that `origin`
    /// names.
    pub const fn let_through(self, origin: Origin) -> Self {
        Self {
            allowed: true,
            is_charged: false,
            origin,
            ..self
        }
    }

    /// Says by a storage's own clock which window the units were taken from.
    pub const fn with_mark(self, mark: Mark) -> Self {
        Self {
            mark: Some(mark),
            ..self
        }
    }

    /// The same answer by the caller's clock, of a storage that decided by another one:
    /// what was its now is `now`, and all spans stay.
    pub fn by_clock_at(self, now: Timestamp) -> Self {
        let decided_at = self.now();
        Self {
            hit: Hit::new(self.hit.limit(), self.cost(), now),
            usage: self.usage.moved(decided_at, now),
            mark: Some(self.mark.unwrap_or_else(|| self.usage.mark())),
            ..self
        }
    }

    /// Whether the hit passes.
    #[must_use]
    #[inline(always)]
    pub const fn allowed(&self) -> bool {
        self.allowed
    }

    /// Who decided.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// The amount of the limit, or the most that the storage counts to.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.hit.limit().amount()
    }

    /// The units asked for.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.hit.cost()
    }

    /// The instant the decision was made at.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.hit.now()
    }

    /// What the decision was made from.
    #[must_use]
    pub const fn usage(&self) -> &Usage {
        &self.usage
    }

    /// The units left, after the hit.
    ///
    /// A cost above the limit's amount is refused unseen and reports the full amount.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit().saturating_sub(self.usage.used(self.hit))
    }

    /// When the window resets, never in the past; an untouched key says [`now`](Self::now).
    ///
    /// Fixed and elastic windows: their end. Moving window: when its oldest unit
    /// is released. Sliding counter and GCRA: when anything is next released.
    #[must_use]
    pub fn reset_time(&self) -> Timestamp {
        self.usage.reset_time(self.hit)
    }

    /// How long it is to [`reset_time`](Self::reset_time).
    #[must_use]
    pub fn reset_after(&self) -> Duration {
        self.reset_time().saturating_since(self.now()).to_duration()
    }

    /// The first instant at which the same hit passes if nobody else hits:
    /// now if it passed, `None` if it never can.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        if self.allowed {
            return Some(self.now());
        }
        let possible = self.hit.is_possible();
        possible.then(|| self.usage.retry_at(self.hit))
    }

    /// How long it is to [`retry_at`](Self::retry_at).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let wait = self.retry_at()?.saturating_since(self.now());
        Some(wait.to_duration())
    }

    /// The state of the window without the verdict.
    #[must_use]
    pub fn stats(&self) -> WindowStats {
        WindowStats {
            limit: self.limit(),
            remaining: self.remaining(),
            reset_time: self.reset_time(),
            now: self.now(),
        }
    }

    /// What the hit took, to be [settled](crate::RateLimiter::settle) when it is known
    /// how much was used: `None` if it took nothing, and for the answer to a test.
    ///
    /// Settle what one hit took once: each charge made of one decision would give it
    /// back again. [`reserve`](crate::RateLimiter::reserve) sees to that.
    #[must_use]
    pub fn charge(&self) -> Option<Charge> {
        let mark = || self.mark.unwrap_or_else(|| self.usage.mark());
        self.is_charged
            .then(|| Charge::new(self.hit, mark(), self.usage.missing(), self.origin))
    }

    /// The answer that binds more of two of one hit: that which passes later; of
    /// two that pass now, that which has fewer units left.
    pub(crate) fn binds_more_than(&self, other: &Self) -> bool {
        // What never passes does so later than anything.
        let wait = |decision: &Self| {
            let wait = decision.retry_at()?.saturating_since(decision.now());
            Some(wait.as_micros())
        };
        match (wait(self), wait(other)) {
            (own, others) if own == others => self.remaining() < other.remaining(),
            (None, _) => true,
            (_, None) => false,
            (own, others) => own > others,
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
    /// How long it is to the reset.
    #[must_use]
    pub const fn reset_after(&self) -> Duration {
        self.reset_time.saturating_since(self.now).to_duration()
    }
}
