use super::{Fixed, Model};

/// A fixed window that every hit, a refused one included, makes last one period
/// from then on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Elastic {
    period: u64,
    /// The window without its extensions, for what it counts.
    counted: Fixed,
    last_hit: Option<u64>,
}

impl Elastic {
    fn end(&self) -> u64 {
        let end_of = |hit: u64| hit.saturating_add(self.period);
        self.last_hit.map_or(0, end_of)
    }
}

impl Model for Elastic {
    /// How long the hit is known to be of the window that runs, and its place in it.
    type Charge = (u64, <Fixed as Model>::Charge);

    fn new(amount: u64, period: u64) -> Self {
        Self {
            period,
            // A window of all time: only the hits end it.
            counted: Fixed::new(amount, u64::MAX),
            last_hit: None,
        }
    }

    fn amount(&self) -> u64 {
        self.counted.amount()
    }

    fn period(&self) -> u64 {
        self.period
    }

    fn used(&self, now: u64) -> u128 {
        if now < self.end() {
            self.counted.used(now)
        } else {
            0
        }
    }

    fn take(&mut self, cost: u64, now: u64) -> Self::Charge {
        if now >= self.end() {
            *self = Self::new(self.amount(), self.period);
        }
        self.last_hit = Some(now);
        let charge = self.counted.take(cost, now);
        (self.end(), charge)
    }

    fn refuse(&mut self, now: u64) {
        self.last_hit = Some(now);
    }

    fn bring_forward(&mut self, longest: u64, now: u64) {
        let latest = now.saturating_add(longest).saturating_sub(self.period);
        self.last_hit = self.last_hit.map(|hit| hit.min(latest));
    }

    fn settle(&mut self, (end, charge): Self::Charge, used: u64, now: u64) -> bool {
        end > now && self.counted.settle(charge, used, now)
    }

    fn reset_time(&self, _now: u64) -> u64 {
        self.end()
    }

    fn over_at(&self) -> u64 {
        self.end()
    }
}
