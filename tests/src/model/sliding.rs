use super::{Model, first};

/// A sliding window counter: windows side by side from the first admitted hit,
/// and every admitted hit with the number of the window it fell in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sliding {
    amount: u64,
    period: u64,
    start: i128,
    taken: Vec<(u64, u64)>,
    /// How often windows were started anew.
    starts: u64,
}

impl Sliding {
    fn end_of(&self, window: u64) -> i128 {
        self.start + i128::from(window + 1) * i128::from(self.period)
    }

    fn newest(&self) -> u64 {
        self.taken.last().map_or(0, |(window, _)| *window)
    }

    /// The window that `now` is in; a clock that went back stays in the newest one.
    fn window_of(&self, now: u64) -> u64 {
        let since_start = (i128::from(now) - self.start).max(0);
        let window = since_start / i128::from(self.period);
        let window = u64::try_from(window).expect("less windows than microseconds");
        self.newest().max(window)
    }

    fn units_of(&self, window: u64) -> u128 {
        let taken = self.taken.iter().filter(|(taken, _)| *taken == window);
        taken.map(|(_, cost)| u128::from(*cost)).sum()
    }

    /// The units of the window that `now` is in and of the one before.
    fn counted(&self, now: u64) -> (u128, u128) {
        let window = self.window_of(now);
        let previous = window.checked_sub(1).map_or(0, |w| self.units_of(w));
        (self.units_of(window), previous)
    }
}

impl Model for Sliding {
    /// Which windows they are, and the place of the hit.
    type Charge = (u64, usize);

    fn new(amount: u64, period: u64) -> Self {
        Self {
            amount,
            period,
            start: 0,
            taken: Vec::new(),
            starts: 0,
        }
    }

    fn amount(&self) -> u64 {
        self.amount
    }

    fn period(&self) -> u64 {
        self.period
    }

    fn used(&self, now: u64) -> u128 {
        let (current, previous) = self.counted(now);
        let time_left = self.end_of(self.window_of(now)) - i128::from(now);
        let time_left = time_left.min(self.period.into());
        let time_left = u128::try_from(time_left).expect("the end of a window is later");
        previous * time_left / u128::from(self.period) + current
    }

    fn take(&mut self, cost: u64, now: u64) -> (u64, usize) {
        if self.counted(now) == (0, 0) {
            self.start = now.into();
            self.taken.clear();
            self.starts += 1;
        }
        self.taken.push((self.window_of(now), cost));
        (self.starts, self.taken.len() - 1)
    }

    fn bring_forward(&mut self, longest: u64, now: u64) {
        if !self.taken.is_empty() {
            // The window after the newest one may end two periods from now.
            let latest = i128::from(now) + 2 * i128::from(longest) - i128::from(self.period);
            let ahead = self.end_of(self.newest()) - latest;
            self.start -= ahead.max(0);
        }
    }

    fn settle(&mut self, (starts, place): (u64, usize), used: u64, now: u64) -> bool {
        if starts != self.starts {
            return false;
        }
        let now_in = self.window_of(now);
        let (window, cost) = &mut self.taken[place];
        let is_counted = *window + 1 >= now_in;
        if is_counted {
            *cost = used;
        }
        is_counted
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
