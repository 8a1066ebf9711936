use super::{Model, first};

/// A bucket that refills evenly, as the virtual schedule that it equals: each unit takes
/// the time that refilling it does, one after the other, in exact fractions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gcra {
    amount: u64,
    period: u64,
    /// When all units that were taken are back.
    full_at: Instant,
    /// The latest hit that took some.
    last_hit: u64,
}

/// A number of microseconds and of `1 / amount` microseconds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Instant {
    micros: u128,
    parts: u128,
}

impl Gcra {
    fn at(&self, micros: u128, parts: u128) -> Instant {
        let amount = u128::from(self.amount.max(1));
        Instant {
            micros: micros + parts / amount,
            parts: parts % amount,
        }
    }

    /// Nobody is given the time before the last hit again.
    fn time(&self, now: u64) -> u64 {
        now.max(self.last_hit)
    }

    /// What is missing of a full bucket, in `1 / period` of a unit.
    #[must_use]
    pub fn missing(&self, now: u64) -> u128 {
        let now = u128::from(self.time(now));
        let Some(left) = self.full_at.micros.checked_sub(now) else {
            return 0;
        };
        left * u128::from(self.amount) + self.full_at.parts
    }

    /// Gives so many units back.
    pub fn give_back(&mut self, units: u64, now: u64) {
        let left = self.missing(now) - u128::from(units) * u128::from(self.period);
        self.full_at = self.at(self.time(now).into(), left);
    }
}

impl Model for Gcra {
    type Charge = ();

    fn new(amount: u64, period: u64) -> Self {
        Self {
            amount,
            period,
            full_at: Instant {
                micros: 0,
                parts: 0,
            },
            last_hit: 0,
        }
    }

    fn amount(&self) -> u64 {
        self.amount
    }

    fn period(&self) -> u64 {
        self.period
    }

    /// A part of a unit that is missing is a unit that is not there.
    fn used(&self, now: u64) -> u128 {
        let missing = self.missing(now);
        let whole = missing / u128::from(self.period);
        whole + u128::from(!missing.is_multiple_of(u128::from(self.period)))
    }

    fn take(&mut self, cost: u64, now: u64) {
        self.last_hit = self.time(now);
        let start = self.full_at.max(self.at(self.last_hit.into(), 0));
        let work = u128::from(cost) * u128::from(self.period);
        self.full_at = self.at(start.micros, start.parts + work);
    }

    /// A hit that was up to a period ahead may be one of a caller whose clock is.
    fn bring_forward(&mut self, longest: u64, now: u64) {
        if self.last_hit > now.saturating_add(longest) {
            self.full_at.micros -= u128::from(self.last_hit - now);
            self.last_hit = now;
        }
    }

    /// What was refilled of a hit is not known: see the property of its own.
    fn settle(&mut self, (): (), _used: u64, _now: u64) -> bool {
        false
    }

    fn reset_time(&self, now: u64) -> u64 {
        let used = self.used(now);
        first(now, self.over_at(), |instant| self.used(instant) < used)
    }

    fn over_at(&self) -> u64 {
        let over_at = self.full_at.micros + u128::from(self.full_at.parts > 0);
        u64::try_from(over_at).unwrap_or(u64::MAX)
    }

    fn is_exact(&self, now: u64) -> bool {
        let three_periods = self.period.saturating_mul(3);
        now.saturating_add(three_periods) < u64::MAX
    }
}
