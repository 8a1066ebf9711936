//! What came of hits.

use core::time::Duration;

use hdrhistogram::Histogram;
use limits::{Decision, StorageError};

/// The longest time that is told apart from longer ones.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How many digits of a time are kept.
const DIGITS: u8 = 3;

/// Hits by their outcome, and the times of those that were decided.
///
/// Its size does not depend on how many there are.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) allowed: u64,
    pub(super) refused: u64,
    pub(super) errors: u64,
    pub(super) first_error: Option<StorageError>,
    /// From the first hit to the last answer.
    pub(super) took: Duration,
    latency_ns: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            allowed: 0,
            refused: 0,
            errors: 0,
            first_error: None,
            took: Duration::ZERO,
            latency_ns: Histogram::new_with_max(nanos(LONGEST), DIGITS)
                .expect("a histogram can have these bounds"),
        }
    }
}

impl Tally {
    /// Counts the answer to a hit that took `latency`.
    pub(super) fn count(&mut self, answer: Result<Decision, StorageError>, latency: Duration) {
        match answer {
            Ok(decision) => {
                if decision.allowed() {
                    self.allowed += 1;
                } else {
                    self.refused += 1;
                }
                self.latency_ns.saturating_record(nanos(latency));
            }
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert(error);
            }
        }
    }

    pub(super) const fn decisions(&self) -> u64 {
        self.allowed + self.refused
    }

    pub(super) const fn hits(&self) -> u64 {
        self.decisions() + self.errors
    }

    /// Tells the latency that a share of the decisions did not exceed.
    pub(super) fn latency(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latency_ns.value_at_quantile(share))
    }
}

/// Tells how many of `count` things a second there were in `time`, rounded down.
pub(super) fn per_second(count: u64, time: Duration) -> u64 {
    let rate = u128::from(count) * Duration::from_secs(1).as_nanos() / time.as_nanos().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use limits::{RateLimitItem, StorageErrorKind, StrategyName};

    use super::*;

    #[test]
    fn tells_a_rate_in_whole_decisions() {
        let millis = Duration::from_millis;
        for (count, time, expected) in [
            (0, millis(1), 0),
            (10, millis(2_500), 4),
            (1, millis(1_001), 0),
            (u64::MAX, millis(1), u64::MAX),
            (7, Duration::ZERO, 7_000_000_000),
        ] {
            assert_eq!(per_second(count, time), expected, "{count} in {time:?}");
        }
    }

    #[tokio::test]
    async fn knows_latencies_of_decisions_only() {
        let storage = limits::storage_from_string("memory://").expect("a storage");
        let limiter = storage.limiter(StrategyName::FixedWindow);
        let limiter = limiter.expect("memory keeps all windows");
        let item = RateLimitItem::per_hour(60);
        let mut tally = Tally::default();
        for micros in 1..=100 {
            let answer = limiter.hit(&item, "me", 1).await;
            tally.count(answer, Duration::from_micros(micros));
        }
        let error = StorageError::new(StorageErrorKind::Timeout, "slow", "no answer");
        tally.count(Err(error), Duration::from_secs(9));
        assert_eq!((tally.allowed, tally.refused, tally.errors), (60, 40, 1));
        assert_eq!((tally.decisions(), tally.hits()), (100, 101));
        for (share, micros) in [(0.5, 50), (0.9, 90), (0.99, 99), (1.0, 100)] {
            let latency = tally.latency(share);
            let apart = latency.abs_diff(Duration::from_micros(micros));
            assert!(
                apart <= Duration::from_micros(micros) / 1_000,
                "{latency:?}"
            );
        }
    }
}
