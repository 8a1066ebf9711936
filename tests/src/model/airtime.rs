use super::Model;

/// A moving window of `B` buckets: every hit's units with the end of the bucket they are in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Airtime<const B: u64> {
    amount: u64,
    period: u64,
    taken: Vec<(i128, u64)>,
}

impl<const B: u64> Airtime<B> {
    fn width(&self) -> i128 {
        i128::from(self.period.div_ceil(B))
    }

    fn newest(&self) -> Option<i128> {
        self.taken.last().map(|(end, _)| *end)
    }

    /// Units are released `B` buckets after the end of their own.
    fn released_at(&self, end: i128) -> u64 {
        let released = (end + i128::from(B) * self.width()).max(0);
        u64::try_from(released).unwrap_or(u64::MAX)
    }

    fn in_use(&self, now: u64) -> impl Iterator<Item = &(i128, u64)> {
        let in_use = move |(end, units): &&(i128, u64)| *units > 0 && self.released_at(*end) > now;
        self.taken.iter().filter(in_use)
    }
}

impl<const B: u64> Model for Airtime<B> {
    /// The end of the bucket, and how many units they are.
    type Charge = (i128, u64);

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

    fn period(&self) -> u64 {
        self.period
    }

    fn used(&self, now: u64) -> u128 {
        self.in_use(now).map(|(_, units)| u128::from(*units)).sum()
    }

    fn take(&mut self, cost: u64, now: u64) -> (i128, u64) {
        if self.used(now) == 0 {
            self.taken.clear();
        }
        let (now, width) = (i128::from(now), self.width());
        let end = match self.newest() {
            None => now + width,
            // Buckets lie side by side from the first unit on.
            Some(end) if end <= now => end + ((now - end) / width + 1) * width,
            Some(end) => end,
        };
        self.taken.push((end, cost));
        (end, cost)
    }

    fn bring_forward(&mut self, _longest: u64, now: u64) {
        let latest = i128::from(now) + self.width();
        let ahead = self.newest().map_or(0, |newest| (newest - latest).max(0));
        for (end, _) in &mut self.taken {
            *end -= ahead;
        }
    }

    fn settle(&mut self, charge: (i128, u64), used: u64, now: u64) -> bool {
        if self.released_at(charge.0) <= now {
            return false;
        }
        let taken = self.taken.iter_mut().find(|taken| **taken == charge);
        taken.expect("a hit that was admitted").1 = used;
        true
    }

    fn reset_time(&self, now: u64) -> u64 {
        let releases = self.in_use(now).map(|(end, _)| self.released_at(*end));
        releases.min().unwrap_or(now)
    }

    fn over_at(&self) -> u64 {
        let newest = self.newest();
        newest.map_or(0, |end| self.released_at(end))
    }

    fn is_exact(&self, now: u64) -> bool {
        let three_periods = self.period.saturating_mul(3);
        now.saturating_add(three_periods).saturating_add(3 * B) < u64::MAX
    }
}
