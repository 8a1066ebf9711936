use super::{Fixed, Model};

/// A fixed window that every hit, a refused one included, makes last one period
/// from then on; never shorter than it was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Elastic {
    period: u64,
    /// The window without its extensions, for what it counts.
    counted: Fixed,
    hits: Vec<u64>,
}

impl Elastic {
    fn end(&self) -> u64 {
        let end_of = |hit: &u64| hit.saturating_add(self.period);
        self.hits.iter().map(end_of).max().unwrap_or(0)
    }
}

impl Model for Elastic {
    fn new(amount: u64, period: u64) -> Self {
        Self {
            period,
            // A window of all time: only the hits end it.
            counted: Fixed::new(amount, u64::MAX),
            hits: Vec::new(),
        }
    }

    fn amount(&self) -> u64 {
        self.counted.amount()
    }

    fn used(&self, now: u64) -> u128 {
        if now < self.end() {
            self.counted.used(now)
        } else {
            0
        }
    }

    fn take(&mut self, cost: u64, now: u64) {
        if now >= self.end() {
            *self = Self::new(self.amount(), self.period);
        }
        self.hits.push(now);
        self.counted.take(cost, now);
    }

    fn refuse(&mut self, now: u64) {
        self.hits.push(now);
    }

    fn reset_time(&self, _now: u64) -> u64 {
        self.end()
    }

    fn over_at(&self) -> u64 {
        self.end()
    }
}
