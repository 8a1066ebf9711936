use limits_core::window::Usage;
use limits_core::{Decision, Limit, Micros, Timestamp};

/// What the refusal of the first in a line says of those behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Release {
    /// When the first one passes, at the earliest.
    at: Timestamp,
    limit: Limit,
    rate: Rate,
}

/// How many units pass from then on.
#[derive(Clone, Copy, Debug)]
enum Rate {
    /// As many as the limit's amount in each period.
    Windows,
    /// So many at once, and then one after the other, evenly.
    Bucket(u64),
    /// Nobody knows.
    Unknown,
}

impl Release {
    /// Reads the decision of one limit, if it is known, of a hit that passes at `at`.
    pub(super) fn of(decision: Option<&Decision>, limit: Limit, at: Timestamp) -> Self {
        let rate = decision.map_or(Rate::Unknown, |decision| Rate::of(decision, at));
        Self { at, limit, rate }
    }

    /// When a hit passes, at the earliest, that has so many units in front of it.
    pub(super) fn earliest(&self, ahead: u64, cost: u64) -> Timestamp {
        let (amount, period) = (self.limit.amount(), self.limit.period());
        let units = u128::from(ahead) + u128::from(cost);
        let wait = match self.rate {
            Rate::Unknown => 0,
            _ if amount == 0 => 0,
            Rate::Windows => {
                let windows = units.saturating_sub(1) / u128::from(amount);
                windows.saturating_mul(period.as_micros().into())
            }
            Rate::Bucket(full) => {
                let missing = units.saturating_sub(full.into());
                let missing = missing.saturating_mul(period.as_micros().into());
                missing.div_ceil(amount.into())
            }
        };
        let wait = Micros::from_micros(u64::try_from(wait).unwrap_or(u64::MAX));
        self.at.saturating_add(wait)
    }
}

impl Rate {
    fn of(decision: &Decision, at: Timestamp) -> Self {
        let binds = !decision.allowed() && decision.retry_at() == Some(at);
        match decision.usage() {
            Usage::Moving(_) => Self::Windows,
            // Where others bind, nobody knows how far the window is by then.
            Usage::Fixed(_) if binds => Self::Windows,
            Usage::Gcra(_) if binds => Self::Bucket(decision.cost()),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limits_core::window::{Decide, Fixed, Gcra, Hit, Window};
    use limits_core::{FixedWindow, GcraWindow};

    const NOW: Timestamp = Timestamp::from_secs(1_000);
    const LIMIT: Limit = Limit::new(3, Micros::from_secs(3));

    /// What those behind the first hit of one unit that is refused have to wait for.
    fn seconds(decision: &Decision) -> [u64; 4] {
        let at = decision.retry_at().expect("a refusal that ends");
        let release = Release::of(Some(decision), LIMIT, at);
        [0, 1, 2, 3].map(|ahead| {
            let wait = release.earliest(ahead, 1).saturating_since(NOW);
            wait.to_duration().as_secs()
        })
    }

    #[test]
    fn a_window_releases_all_of_its_units_at_once() {
        let hit = Hit::new(LIMIT, 3, NOW);
        let mut window = FixedWindow::default();
        let _ = Decide::<Fixed>::acquire(&mut window, hit);
        let one = Hit::new(LIMIT, 1, NOW);
        assert_eq!(seconds(&Decision::test(one, window)), [3, 3, 3, 6]);
    }

    #[test]
    fn a_bucket_releases_its_units_one_by_one() {
        let mut bucket = <GcraWindow as Window>::EMPTY;
        let _ = Decide::<Gcra>::acquire(&mut bucket, Hit::new(LIMIT, 3, NOW));
        let one = Hit::new(LIMIT, 1, NOW);
        assert_eq!(seconds(&Decision::test(one, bucket)), [1, 2, 3, 4]);
    }

    #[test]
    fn the_largest_numbers_overflow_nothing() {
        let limit = Limit::new(1, Micros::MAX);
        let refused = Decision::test(
            Hit::new(limit, 1, NOW),
            FixedWindow::new(1, Timestamp::from_micros(u64::MAX)),
        );
        let at = refused.retry_at().expect("a refusal that ends");
        let release = Release::of(Some(&refused), limit, at);
        assert_eq!(release.earliest(u64::MAX, u64::MAX).as_micros(), u64::MAX);
    }
}
