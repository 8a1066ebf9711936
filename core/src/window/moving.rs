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

    /// Tells all runs, the one taken first first.
    fn runs(&self) -> impl Iterator<Item = Run>;

    /// Forgets the run taken first.
    fn pop_oldest(&mut self);

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

    /// Takes `cost` units if they fit; tells whether they did and how it stands now.
    ///
    /// Forgets the runs that are over. O(runs that are over), and O(runs) to
    /// find when a large cost fits.
    ///
    /// # Errors
    ///
    /// The log keeps no more runs; the window is as it was.
    pub fn acquire(
        &mut self,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<(bool, MovingUsage), L::Error> {
        let usage = self.usage(limit, cost, now);
        let fits = usage.admits(limit, cost);
        if !fits || cost == 0 {
            return Ok((fits, usage));
        }
        let now = self.not_before_newest(limit.period(), now);
        while self
            .0
            .runs()
            .next()
            .is_some_and(|run| run.released_at <= now)
        {
            self.0.pop_oldest();
        }
        let released_at = now.saturating_add(limit.period());
        let units = cost;
        self.0.push(Run { released_at, units })?;
        let reset_time = self
            .0
            .runs()
            .next()
            .map_or(released_at, |run| run.released_at);
        let used = usage.used + cost;
        let usage = MovingUsage {
            used,
            reset_time,
            ..usage
        };
        Ok((true, usage))
    }

    /// Tells how the window stands for `cost`. O(runs that are over), and
    /// O(runs) to find when a large cost fits.
    #[must_use]
    pub fn usage(&self, limit: Limit, cost: u64, now: Timestamp) -> MovingUsage {
        let window_now = self.not_before_newest(limit.period(), now);
        let is_over = |run: &Run| run.released_at <= window_now;
        let over: u64 = self.0.runs().take_while(is_over).map(|run| run.units).sum();
        let used = self.0.units().saturating_sub(over);
        let oldest = self.0.runs().find(|run| !is_over(run));
        let mut excess = used.saturating_add(cost).saturating_sub(limit.amount());
        let mut retry_at = now;
        let mut live = self.0.runs().skip_while(is_over);
        while excess > 0 {
            let Some(run) = live.next() else { break };
            excess = excess.saturating_sub(run.units);
            retry_at = run.released_at;
        }
        MovingUsage {
            used,
            reset_time: oldest.map_or(now, |run| run.released_at),
            retry_at,
        }
    }

    /// A clock that went back doesn't put units before those already taken.
    fn not_before_newest(&self, period: Micros, now: Timestamp) -> Timestamp {
        let newest = self.0.newest();
        newest.map_or(now, |run| now.max(run.released_at.saturating_sub(period)))
    }
}

impl<L: RunLog> Window for MovingWindow<L> {
    const EMPTY: Self = Self::new(L::EMPTY);

    fn expires_at(&self) -> Timestamp {
        let newest = self.0.newest();
        newest.map_or(Timestamp::ZERO, |run| run.released_at)
    }
}
