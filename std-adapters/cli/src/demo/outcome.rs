//! What one strategy makes of the pattern.

use limits::limits_core::Micros;
use limits::{
    Decision, ManualClock, MemoryStorage, RateLimiter, StorageError, StrategyName, Timestamp,
};

use super::pattern::Pattern;

/// The decisions of one strategy.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) strategy: StrategyName,
    /// Whether each hit was admitted.
    pub(super) verdicts: Vec<bool>,
    /// From when to when each window lasted, of strategies that fix them.
    pub(super) windows: Vec<(Micros, Micros)>,
    /// How many units were admitted in the last period, from each instant on.
    pub(super) levels: Vec<(Micros, u64)>,
}

impl Outcome {
    /// Lets the real limiter decide, by a clock that is moved by hand.
    pub(super) async fn of(
        pattern: &Pattern,
        strategy: StrategyName,
    ) -> Result<Self, StorageError> {
        let clock = ManualClock::default();
        let limiter = RateLimiter::with_strategy(strategy, MemoryStorage::new(), &clock);
        let mut outcome = Self {
            strategy,
            verdicts: Vec::new(),
            windows: Vec::new(),
            levels: Vec::new(),
        };
        for hit in &pattern.hits {
            clock.set(Timestamp::ZERO.saturating_add(hit.at));
            let decision = limiter.hit(&pattern.item, "client", 1).await?;
            outcome.verdicts.push(decision.allowed());
            outcome.extend_windows(hit.at, &decision);
        }
        outcome.levels = levels(&outcome.admitted(pattern), pattern.period());
        Ok(outcome)
    }

    /// Tells how many hits of a phase were admitted.
    pub(super) fn admitted_in(&self, pattern: &Pattern, phase: usize) -> usize {
        let hits = pattern.hits.iter().zip(&self.verdicts);
        hits.filter(|(hit, admitted)| hit.phase == phase && **admitted)
            .count()
    }

    /// Tells how many hits were admitted.
    pub(super) fn total(&self) -> usize {
        self.verdicts.iter().filter(|admitted| **admitted).count()
    }

    /// Tells the most that was admitted in any interval of one period.
    pub(super) fn peak(&self) -> u64 {
        let levels = self.levels.iter().map(|(_, level)| *level);
        levels.max().unwrap_or_default()
    }

    fn admitted(&self, pattern: &Pattern) -> Vec<Micros> {
        let hits = pattern.hits.iter().zip(&self.verdicts);
        hits.filter(|(_, admitted)| **admitted)
            .map(|(hit, _)| hit.at)
            .collect()
    }

    fn extend_windows(&mut self, at: Micros, decision: &Decision) {
        let fixes_windows = matches!(
            self.strategy,
            StrategyName::FixedWindow | StrategyName::FixedWindowElasticExpiry
        );
        if !fixes_windows {
            return;
        }
        let end = decision.reset_time().saturating_since(Timestamp::ZERO);
        match self.windows.last_mut() {
            Some(window) if at < window.1 => window.1 = end,
            _ => self.windows.push((at, end)),
        }
    }
}

/// Counts the admitted units that are less than a period old, from each change on.
fn levels(admitted: &[Micros], period: Micros) -> Vec<(Micros, u64)> {
    let released = |at: &Micros| Micros::from_micros(at.as_micros() + period.as_micros());
    let mut changes: Vec<(Micros, bool)> = admitted.iter().map(|at| (*at, true)).collect();
    changes.extend(admitted.iter().map(|at| (released(at), false)));
    // At the same instant releases come first: an interval doesn't hold both its ends.
    changes.sort_unstable();
    let mut levels: Vec<(Micros, u64)> = Vec::new();
    let mut level = 0;
    for (at, added) in changes {
        level = if added { level + 1 } else { level - 1 };
        match levels.last_mut() {
            Some(last) if last.0 == at => last.1 = level,
            _ => levels.push((at, level)),
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_counts_for_exactly_one_period() {
        let admitted = [0, 4, 10].map(Micros::from_secs);
        let levels = levels(&admitted, Micros::from_secs(10));
        let expected = [(0, 1), (4, 2), (10, 2), (14, 1), (20, 0)];
        let expected = expected.map(|(secs, level)| (Micros::from_secs(secs), level));
        assert_eq!(levels, expected);
    }
}
