use super::Model;

/// A fixed window: starts at the first admitted hit and keeps its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fixed {
    amount: u64,
    period: u64,
    end: u64,
    costs: Vec<u64>,
}

impl Model for Fixed {
    /// The end of the window, and the place of the cost.
    type Charge = (u64, usize);

    fn new(amount: u64, period: u64) -> Self {
        Self {
            amount,
            period,
            end: 0,
            costs: Vec::new(),
        }
    }

    fn amount(&self) -> u64 {
        self.amount
    }

    fn period(&self) -> u64 {
        self.period
    }

    fn used(&self, now: u64) -> u128 {
        if now < self.end {
            self.costs.iter().copied().map(u128::from).sum()
        } else {
            0
        }
    }

    fn take(&mut self, cost: u64, now: u64) -> (u64, usize) {
        if now >= self.end || self.used(now) == 0 {
            self.end = now.saturating_add(self.period);
            self.costs.clear();
        }
        self.costs.push(cost);
        (self.end, self.costs.len() - 1)
    }

    fn bring_forward(&mut self, longest: u64, now: u64) {
        self.end = self.end.min(now.saturating_add(longest));
    }

    fn settle(&mut self, (end, place): (u64, usize), used: u64, now: u64) -> bool {
        if end != self.end || end <= now {
            return false;
        }
        self.costs[place] = used;
        true
    }

    fn reset_time(&self, _now: u64) -> u64 {
        self.end
    }

    fn over_at(&self) -> u64 {
        self.end
    }
}
