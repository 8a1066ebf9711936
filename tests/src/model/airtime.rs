use super::Model;

/// A moving window of `B` buckets: every hit's units with the end of the bucket they are in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Airtime<const B: u64> {
    amount: u64,
    period: u64,
    taken: Vec<(u128, u64)>,
}

impl<const B: u64> Airtime<B> {
    fn width(&self) -> u128 {
        u128::from(self.period.div_ceil(B))
    }

    fn newest(&self) -> u128 {
        self.taken.last().map_or(0, |(end, _)| *end)
    }

    /// Units are released `B` buckets after the end of their own.
    fn released_at(&self, end: u128) -> u64 {
        let released = end + u128::from(B) * self.width();
        u64::try_from(released).unwrap_or(u64::MAX)
    }

    /// No unit is placed before those already taken, whatever the clock says.
    fn in_use(&self, now: u64) -> impl Iterator<Item = &(u128, u64)> {
        let start = self.newest().saturating_sub(self.width());
        let now = now.max(u64::try_from(start).unwrap_or(u64::MAX));
        let in_use = move |(end, _): &&(u128, u64)| self.released_at(*end) > now;
        self.taken.iter().filter(in_use)
    }
}

impl<const B: u64> Model for Airtime<B> {
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
        self.in_use(now).map(|(_, units)| u128::from(*units)).sum()
    }

    fn take(&mut self, cost: u64, now: u64) {
        if self.is_over(now) {
            self.taken.clear();
        }
        let (now, width) = (u128::from(now), self.width());
        let end = match self.newest() {
            0 => now + width,
            // Buckets lie side by side from the first unit on.
            end if end <= now => end + ((now - end) / width + 1) * width,
            end => end,
        };
        self.taken.push((end, cost));
    }

    fn reset_time(&self, now: u64) -> u64 {
        let releases = self.in_use(now).map(|(end, _)| self.released_at(*end));
        releases.min().unwrap_or(now)
    }

    fn over_at(&self) -> u64 {
        match self.newest() {
            0 => 0,
            end => self.released_at(end),
        }
    }
}
