use super::{Model, first};

/// A sliding window counter: windows side by side from the first admitted hit,
/// and every admitted hit with the number of the window it fell in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sliding {
    amount: u64,
    period: u64,
    start: u64,
    taken: Vec<(u128, u64)>,
}

impl Sliding {
    fn end_of(&self, window: u128) -> u128 {
        u128::from(self.start) + (window + 1) * u128::from(self.period)
    }

    fn newest(&self) -> u128 {
        self.taken.last().map_or(0, |(window, _)| *window)
    }

    /// The window that `now` is in; a clock that went back stays in the newest one.
    fn window_of(&self, now: u64) -> u128 {
        let since_start = now.saturating_sub(self.start);
        self.newest()
            .max(u128::from(since_start) / u128::from(self.period))
    }

    fn units_of(&self, window: u128) -> u128 {
        let taken = self.taken.iter().filter(|(taken, _)| *taken == window);
        taken.map(|(_, cost)| u128::from(*cost)).sum()
    }
}

impl Model for Sliding {
    fn new(amount: u64, period: u64) -> Self {
        Self {
            amount,
            period,
            start: 0,
            taken: Vec::new(),
        }
    }

    fn amount(&self) -> u64 {
        self.amount
    }

    fn used(&self, now: u64) -> u128 {
        let window = self.window_of(now);
        let previous = window.checked_sub(1).map_or(0, |w| self.units_of(w));
        let period = u128::from(self.period);
        let time_left = (self.end_of(window) - u128::from(now)).min(period);
        previous * time_left / period + self.units_of(window)
    }

    fn take(&mut self, cost: u64, now: u64) {
        if self.taken.is_empty() || self.is_over(now) {
            self.start = now;
            self.taken.clear();
        }
        self.taken.push((self.window_of(now), cost));
    }

    fn reset_time(&self, now: u64) -> u64 {
        let used = self.used(now);
        first(now, self.over_at(), |instant| self.used(instant) < used)
    }

    fn over_at(&self) -> u64 {
        if self.taken.is_empty() {
            return 0;
        }
        u64::try_from(self.end_of(self.newest() + 1)).unwrap_or(u64::MAX)
    }

    fn is_exact(&self, now: u64) -> bool {
        // The current window, the next one and the one in which that still counts.
        let three_periods = self.period.saturating_mul(3);
        now.saturating_add(three_periods) < u64::MAX
    }
}
