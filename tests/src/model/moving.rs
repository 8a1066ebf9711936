use super::Model;

/// A moving window: one entry for every unit, the instant that it is released at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Moving {
    amount: u64,
    period: u64,
    releases: Vec<u64>,
}

impl Moving {
    fn later(&self, now: u64) -> impl Iterator<Item = u64> {
        let releases = self.releases.iter().copied();
        releases.filter(move |released| *released > now)
    }
}

impl Model for Moving {
    /// When the units are released, and how many they are.
    type Charge = (u64, u64);

    fn new(amount: u64, period: u64) -> Self {
        Self {
            amount,
            period,
            releases: Vec::new(),
        }
    }

    fn amount(&self) -> u64 {
        self.amount
    }

    fn period(&self) -> u64 {
        self.period
    }

    fn used(&self, now: u64) -> u128 {
        u128::try_from(self.later(now).count()).expect("a count fits")
    }

    fn take(&mut self, cost: u64, now: u64) -> (u64, u64) {
        // What was released while the clock was ahead does not come back with it.
        self.releases.retain(|released| *released > now);
        let released_at = now.saturating_add(self.period);
        for _ in 0..cost {
            self.releases.push(released_at);
        }
        (released_at, cost)
    }

    fn bring_forward(&mut self, longest: u64, now: u64) {
        let latest = now.saturating_add(longest);
        for release in &mut self.releases {
            *release = latest.min(*release);
        }
    }

    fn settle(&mut self, (released_at, cost): (u64, u64), used: u64, now: u64) -> bool {
        if released_at <= now {
            return false;
        }
        for _ in 0..cost {
            let taken = self.releases.iter().position(|unit| *unit == released_at);
            self.releases.remove(taken.expect("a unit that was taken"));
        }
        self.releases.extend((0..used).map(|_| released_at));
        true
    }

    fn reset_time(&self, now: u64) -> u64 {
        self.later(now).min().unwrap_or(now)
    }

    fn over_at(&self) -> u64 {
        self.releases.iter().copied().max().unwrap_or(0)
    }
}
