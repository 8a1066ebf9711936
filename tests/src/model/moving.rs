use super::Model;

/// A moving window: one entry for every unit, the instant that it was taken at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Moving {
    amount: u64,
    period: u64,
    taken: Vec<u64>,
}

impl Moving {
    /// No unit is placed before those already taken, whatever the clock says.
    fn effective(&self, now: u64) -> u64 {
        self.taken.iter().copied().fold(now, u64::max)
    }

    fn released_at(&self, taken: u64) -> u64 {
        taken.saturating_add(self.period)
    }

    fn releases(&self, now: u64) -> impl Iterator<Item = u64> {
        let now = self.effective(now);
        let releases = self.taken.iter().map(|taken| self.released_at(*taken));
        releases.filter(move |released| *released > now)
    }
}

impl Model for Moving {
    fn new(amount: u64, period: u64) -> Self {
        Self {
            amount,
            period,
            taken: Vec::new(),
        }
    }

    fn amount(&self) -> u64 {
        self.amount
    }

    fn used(&self, now: u64) -> u128 {
        u128::try_from(self.releases(now).count()).expect("a count fits")
    }

    fn take(&mut self, cost: u64, now: u64) {
        let now = self.effective(now);
        for _ in 0..cost {
            self.taken.push(now);
        }
    }

    fn reset_time(&self, now: u64) -> u64 {
        self.releases(now).min().unwrap_or(now)
    }

    fn over_at(&self) -> u64 {
        let releases = self.taken.iter().map(|taken| self.released_at(*taken));
        releases.max().unwrap_or(0)
    }
}
