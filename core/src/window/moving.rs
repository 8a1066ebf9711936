use core::mem::take;

use super::log::{first, rebuilt};
use super::{Charge, Decide, Hit, Kind, Mark, Run, RunLog, Settled, Window};
use crate::item::Limit;
use crate::time::{Micros, Timestamp};

/// The kind of [`MovingWindowRateLimiter`](crate::MovingWindowRateLimiter): `amount`
/// units in every interval of one period, exactly.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Moving;

impl Kind for Moving {
    fn name(self) -> &'static str {
        "moving-window"
    }
}

/// The units taken during the last period: the state of a moving window.
///
/// It holds at most the limit's amount of units, so a log with room for as many
/// runs never fills.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MovingWindow<L>(L);

/// What a moving window says about one hit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MovingUsage {
    /// The units in use.
    pub used: u64,
    /// When the oldest unit in use is released; the instant asked about if there is none.
    pub reset_time: Timestamp,
    /// When the cost fits; the instant asked about if it does already.
    pub retry_at: Timestamp,
    /// When units are released that are taken now.
    pub released_at: Timestamp,
}

impl MovingUsage {
    #[inline(always)]
    pub(super) fn admits(&self, hit: Hit) -> bool {
        hit.fits(self.used)
    }

    pub(super) fn mark(&self) -> Mark {
        self.released_at.into()
    }
}

impl<L: RunLog> MovingWindow<L> {
    /// Makes a window of the runs in `log`.
    #[must_use]
    pub const fn new(log: L) -> Self {
        Self(log)
    }

    /// The log.
    #[must_use]
    pub const fn log(&self) -> &L {
        &self.0
    }

    /// Forgets all units.
    pub fn clear(&mut self) {
        self.0.forget(self.0.len());
    }

    /// Finds the runs that are not over.
    #[inline(always)]
    fn live(&self, now: Timestamp) -> Live {
        let runs = self.0.len();
        let oldest = first(0, runs, |number| self.released_at(number, now) > now);
        let before = self.0.units_before(oldest);
        Live {
            oldest,
            used: self.0.units().wrapping_sub(before),
        }
    }

    #[inline(always)]
    fn usage_of(&self, live: &Live, hit: Hit) -> MovingUsage {
        let excess = excess(hit.limit(), live.used, hit.cost());
        let latest = hit.latest_end();
        let retry_at = if excess == 0 || live.used == 0 {
            hit.now()
        } else {
            self.released_at(self.0.run_that_frees(live.oldest, excess), hit.now())
        };
        MovingUsage {
            used: live.used,
            reset_time: self.released_at(live.oldest, hit.now()).min(latest),
            retry_at: retry_at.min(latest),
            released_at: latest,
        }
    }

    /// When the units of a charge are released: the last instant that can be theirs.
    fn released_with(&self, charge: &Charge) -> Option<Timestamp> {
        let runs = (0..self.0.len()).filter_map(|number| self.0.run(number));
        let instants = runs.map(|run| run.released_at);
        instants
            .filter(|instant| charge.is_released_at(*instant))
            .last()
    }

    /// When a run is released, `now` if there is no such run.
    #[inline(always)]
    fn released_at(&self, number: usize, now: Timestamp) -> Timestamp {
        self.0.run(number).map_or(now, |run| run.released_at)
    }
}

/// What of a window is not over.
struct Live {
    /// The number of the oldest run; that of all runs if none is left.
    oldest: usize,
    /// The units of that run and those after it.
    used: u64,
}

/// How many units must be released before `cost` fits.
#[inline(always)]
pub(super) fn excess(limit: Limit, used: u64, cost: u64) -> u64 {
    let over = used.saturating_sub(limit.amount());
    let room = limit.amount().saturating_sub(used);
    over.saturating_add(cost).saturating_sub(room)
}

impl<L: RunLog> Window for MovingWindow<L> {
    const EMPTY: Self = Self::new(L::EMPTY);

    #[inline(always)]
    fn can_hold(limit: Limit) -> bool {
        limit.amount() <= L::ROOM
    }

    #[inline(always)]
    fn expires_at(&self) -> Timestamp {
        let newest = self.0.newest();
        newest.map_or(Timestamp::ZERO, |run| run.released_at)
    }

    fn bring_forward(&mut self, period: Micros, now: Timestamp) {
        let latest = now.saturating_add(period);
        if self.expires_at() > latest {
            self.0.bring_forward(latest);
        }
    }
}

impl<L: RunLog> Decide<Moving> for MovingWindow<L> {
    type Usage = MovingUsage;

    /// Forgets the runs that are over if the units fit. O(log runs).
    #[inline(always)]
    fn acquire(&mut self, hit: Hit) -> (bool, MovingUsage) {
        if hit.cost() > 0 && self.expires_at() > hit.latest_end() {
            self.0.bring_forward(hit.latest_end());
        }
        let live = self.live(hit.now());
        let fits = hit.fits(live.used);
        if !fits || hit.cost() == 0 {
            return (fits, self.usage_of(&live, hit));
        }
        self.0.forget(live.oldest);
        let released_at = hit.latest_end();
        self.0.push(Run {
            released_at,
            units: hit.cost(),
        });
        let usage = MovingUsage {
            used: live.used + hit.cost(),
            reset_time: self.released_at(0, hit.now()),
            retry_at: hit.now(),
            released_at,
        };
        (true, usage)
    }

    /// O(log runs).
    fn peek(&self, hit: Hit) -> MovingUsage {
        let live = self.live(hit.now());
        self.usage_of(&live, hit)
    }

    /// O(runs). Units taken beyond the cost of a hit are released with the others of it. A
    /// log without room for them forgets the oldest, which are then missing when a newer
    /// charge is given back: [`FixedLog`](crate::FixedLog) says how many.
    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
        let Some(released_at) = self.released_with(charge) else {
            return Settled::NOTHING;
        };
        let of_the_hit = |run: &Run| run.released_at == released_at;
        let runs = (0..self.0.len()).filter_map(|number| self.0.run(number));
        // A log may keep every unit as a run of its own.
        let mut units = runs
            .filter(of_the_hit)
            .fold(0_u64, |units, run| units.saturating_add(run.units));
        if released_at <= now || units == 0 {
            return Settled::NOTHING;
        }
        let settled = charge.settle_in(&mut units, used);
        self.0 = rebuilt(&self.0, |run| {
            if of_the_hit(&run) {
                Run {
                    units: take(&mut units),
                    ..run
                }
            } else {
                run
            }
        });
        settled
    }
}
