use super::Window;
use crate::item::Limit;
use crate::time::{Micros, Timestamp};

/// Units that were taken at one instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Run {
    /// When the units are released: one period after they were taken.
    pub released_at: Timestamp,
    /// How many there are.
    pub units: u64,
}

/// The container of a moving window: runs in the order they were taken.
pub trait RunLog {
    /// Why a run can't be added, [`Infallible`](core::convert::Infallible) for a log that grows.
    type Error;

    /// A log without runs.
    const EMPTY: Self;

    /// Tells the sum of the units of all runs.
    fn units(&self) -> u64;

    /// Tells the run taken last.
    fn newest(&self) -> Option<Run>;

    /// Tells how many runs there are.
    fn len(&self) -> usize;

    /// Tells whether there are no runs.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells a run by its number, 0 for the one taken first. O(1).
    fn run(&self, number: usize) -> Option<Run>;

    /// Tells the sum of the units of the runs before a number, modulo 2^64.
    fn units_before(&self, number: usize) -> u64;

    /// Tells the number of the run, from `oldest` on, with whose release so many
    /// units have been released; the newest if there are not as many. There is a run.
    fn run_that_frees(&self, oldest: usize, units: u64) -> usize {
        let before = self.units_before(oldest);
        let frees = |number| self.units_before(number + 1).wrapping_sub(before) >= units;
        first(oldest, self.len() - 1, frees)
    }

    /// Forgets so many of the runs, those taken first.
    fn forget(&mut self, number: usize);

    /// Adds a run, to the newest one if it is released at the same instant.
    ///
    /// # Errors
    ///
    /// The log keeps no more runs.
    fn push(&mut self, run: Run) -> Result<(), Self::Error>;
}

/// The units taken during the last period: the state of a moving window.
///
/// It holds at most the limit's amount of units, so a log with room for as many
/// runs never fills.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MovingWindow<L>(L);

/// What a moving window says about one cost at one instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MovingUsage {
    /// The units in use.
    pub used: u64,
    /// When the oldest unit in use is released; the instant asked about if there is none.
    pub reset_time: Timestamp,
    /// When the cost fits; the instant asked about if it does already.
    pub retry_at: Timestamp,
}

impl MovingUsage {
    /// Tells whether `cost` more units fit.
    #[must_use]
    pub fn admits(&self, limit: Limit, cost: u64) -> bool {
        let used = self.used.checked_add(cost);
        used.is_some_and(|used| used <= limit.amount())
    }
}

impl<L: RunLog> MovingWindow<L> {
    /// Makes a window of the runs in `log`.
    #[must_use]
    pub const fn new(log: L) -> Self {
        Self(log)
    }

    /// Tells the log.
    #[must_use]
    pub const fn log(&self) -> &L {
        &self.0
    }

    /// Forgets all units.
    pub fn clear(&mut self) {
        self.0.forget(self.0.len());
    }

    /// Takes `cost` units if they fit; tells whether they did and how it stands now.
    ///
    /// Forgets the runs that are over if they do. O(log runs).
    ///
    /// # Errors
    ///
    /// The log keeps no more runs; the window is as it was, without the runs that are over.
    #[inline(always)]
    pub fn acquire(
        &mut self,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<(bool, MovingUsage), L::Error> {
        let live = self.live(limit.period(), now);
        let excess = excess(limit, live.used, cost);
        if excess > 0 || cost == 0 {
            return Ok((excess == 0, self.usage_of(&live, excess, now)));
        }
        self.0.forget(live.oldest);
        let released_at = live.now.saturating_add(limit.period());
        self.0.push(Run {
            released_at,
            units: cost,
        })?;
        let usage = MovingUsage {
            used: live.used + cost,
            reset_time: self.released_at(0, now),
            retry_at: now,
        };
        Ok((true, usage))
    }

    /// Tells how the window stands for `cost`. O(log runs).
    #[must_use]
    pub fn usage(&self, limit: Limit, cost: u64, now: Timestamp) -> MovingUsage {
        let live = self.live(limit.period(), now);
        self.usage_of(&live, excess(limit, live.used, cost), now)
    }

    #[inline(always)]
    fn usage_of(&self, live: &Live, excess: u64, now: Timestamp) -> MovingUsage {
        let retry_at = if excess == 0 || live.used == 0 {
            now
        } else {
            self.released_at(self.0.run_that_frees(live.oldest, excess), now)
        };
        MovingUsage {
            used: live.used,
            reset_time: self.released_at(live.oldest, now),
            retry_at,
        }
    }

    #[inline(always)]
    fn live(&self, period: Micros, now: Timestamp) -> Live {
        let now = self.not_before_newest(period, now);
        let runs = self.0.len();
        let oldest = first(0, runs, |number| self.released_at(number, now) > now);
        let before = self.0.units_before(oldest);
        Live {
            now,
            oldest,
            used: self.0.units().wrapping_sub(before),
        }
    }

    /// Tells when a run is released, `now` if there is no such run.
    #[inline(always)]
    fn released_at(&self, number: usize, now: Timestamp) -> Timestamp {
        self.0.run(number).map_or(now, |run| run.released_at)
    }

    /// A clock that went back doesn't put units before those already taken.
    #[inline(always)]
    fn not_before_newest(&self, period: Micros, now: Timestamp) -> Timestamp {
        let newest = self.0.newest();
        newest.map_or(now, |run| now.max(run.released_at.saturating_sub(period)))
    }
}

/// What of a window is not over.
struct Live {
    /// The instant it is not over at.
    now: Timestamp,
    /// The number of the oldest run; that of all runs if none is left.
    oldest: usize,
    /// The units of that run and those after it.
    used: u64,
}

/// Tells how many units must be released before `cost` fits.
#[inline(always)]
pub(super) fn excess(limit: Limit, used: u64, cost: u64) -> u64 {
    let over = used.saturating_sub(limit.amount());
    let room = limit.amount().saturating_sub(used);
    over.saturating_add(cost).saturating_sub(room)
}

/// Finds the first number below `end` for which something holds that goes on
/// to hold, `end` if there is none; at once if it is `start`.
fn first(start: usize, end: usize, holds: impl Fn(usize) -> bool) -> usize {
    if start >= end || holds(start) {
        return start;
    }
    let (mut low, mut high) = (start + 1, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

impl<L: RunLog> Window for MovingWindow<L> {
    const EMPTY: Self = Self::new(L::EMPTY);

    fn expires_at(&self) -> Timestamp {
        let newest = self.0.newest();
        newest.map_or(Timestamp::ZERO, |run| run.released_at)
    }
}
