//! The naive model: what the laws say, done in the most obvious and slowest way.
//!
//! It shares no arithmetic with limits-core: plain integers, histories instead
//! of counters, and answers found by searching for the instant that they are
//! defined as. Instants and spans are microseconds; what would be later than
//! the last instant, `u64::MAX`, is at the last instant.
//!
//! A model is one key of one limit. Only a hit that takes something changes it
//! (and any hit of an elastic window), and one that finds a window further ahead than
//! there can be: a clock that was ahead and went back finds what the last such hit left.
//! Whether a storage has forgotten a key while the clock was ahead is the storage's
//! affair: see [`Model::is_over`].

mod airtime;
mod elastic;
mod fixed;
mod gcra;
mod moving;
mod sliding;

pub use airtime::Airtime;
pub use elastic::Elastic;
pub use fixed::Fixed;
pub use gcra::Gcra;
pub use moving::Moving;
pub use sliding::Sliding;

use core::fmt::Debug;

/// What a limiter should answer to a hit or a test.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Whether the hit passes.
    pub allowed: bool,
    /// The units left, after the hit.
    pub remaining: u64,
    /// When the window resets.
    pub reset_time: u64,
    /// The first instant at which the same hit passes if nobody else hits.
    pub retry_at: Option<u64>,
}

/// One key of one limit under one strategy.
pub trait Model: Clone + Debug + Eq {
    /// What tells a hit that was admitted from others, to settle it.
    type Charge: Copy + Debug;

    /// Makes a key that was never hit.
    fn new(amount: u64, period: u64) -> Self;

    /// Tells the amount of the limit.
    fn amount(&self) -> u64;

    /// Tells the period of the limit.
    fn period(&self) -> u64;

    /// Tells the units in use at `now`; less and less as `now` grows.
    fn used(&self, now: u64) -> u128;

    /// Takes units, whether they fit or not.
    fn take(&mut self, cost: u64, now: u64) -> Self::Charge;

    /// Takes a window further ahead than a hit at `now` could leave it, for a limit whose
    /// period is `longest`, for one that starts now: a clock that went back has left it.
    fn bring_forward(&mut self, longest: u64, now: u64);

    /// Makes it as if a hit had cost so much; tells whether that is not over.
    fn settle(&mut self, charge: Self::Charge, used: u64, now: u64) -> bool;

    /// Notes a refused hit.
    fn refuse(&mut self, _now: u64) {}

    /// Tells when the window resets if some of it is in use.
    fn reset_time(&self, now: u64) -> u64;

    /// Tells the first instant at which the key equals one that was never hit.
    fn over_at(&self) -> u64;

    /// Tells whether a storage may forget the key at `now`, for good.
    fn is_over(&self, now: u64) -> bool {
        self.over_at() <= now
    }

    /// Tells whether a window that starts at `now` ends before time does.
    ///
    /// After that instants are cut to the last one and the laws can't all hold.
    fn is_exact(&self, now: u64) -> bool {
        now < u64::MAX
    }

    /// Tells whether `cost` more units fit.
    fn fits(&self, cost: u64, now: u64) -> bool {
        self.used(now) + u128::from(cost) <= u128::from(self.amount())
    }

    /// The key as an answer at `now` describes it.
    #[must_use]
    fn seen(&self, now: u64) -> Self {
        let mut seen = self.clone();
        seen.bring_forward(self.period(), now);
        seen
    }

    /// Answers a test.
    fn test(&self, cost: u64, now: u64) -> Answer {
        if cost > self.amount() {
            return never(self.amount(), now);
        }
        let seen = self.seen(now);
        seen.answer(seen.fits(cost, now), cost, now)
    }

    /// Answers a hit.
    fn hit(&mut self, cost: u64, now: u64) -> Answer {
        self.charge(cost, now).0
    }

    /// Answers a hit, and tells what it took.
    fn charge(&mut self, cost: u64, now: u64) -> (Answer, Option<Self::Charge>) {
        if cost > self.amount() || cost == 0 {
            return (self.test(cost, now), None);
        }
        self.bring_forward(self.period(), now);
        let allowed = self.fits(cost, now);
        let charge = if allowed {
            Some(self.take(cost, now))
        } else {
            self.refuse(now);
            None
        };
        (self.answer(allowed, cost, now), charge)
    }

    /// Describes the key as it is, under a verdict.
    fn answer(&self, allowed: bool, cost: u64, now: u64) -> Answer {
        let used = self.used(now);
        let left = u128::from(self.amount()).saturating_sub(used);
        let retry_at = if allowed {
            now
        } else {
            first(now, self.over_at(), |instant| self.fits(cost, instant))
        };
        Answer {
            allowed,
            remaining: u64::try_from(left).expect("not above the amount"),
            reset_time: if used == 0 { now } else { self.reset_time(now) },
            retry_at: Some(retry_at),
        }
    }
}

/// The answer to a cost above the amount: refused, and nothing was looked at.
fn never(amount: u64, now: u64) -> Answer {
    Answer {
        allowed: false,
        remaining: amount,
        reset_time: now,
        retry_at: None,
    }
}

/// Finds the first instant from `start` to `end` from which on `holds` is true;
/// it is true at `end`.
fn first(start: u64, end: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut before, mut from) = (start, end);
    while before < from {
        let middle = before + (from - before) / 2;
        if holds(middle) {
            from = middle;
        } else {
            before = middle + 1;
        }
    }
    from
}
