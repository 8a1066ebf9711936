use core::fmt;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use limits::{Micros, RateLimitItem, StrategyName, Timestamp};

/// The strategies that both sides have.
pub(super) const STRATEGIES: [StrategyName; 3] = [
    StrategyName::FixedWindow,
    StrategyName::MovingWindow,
    StrategyName::SlidingWindowCounter,
];

/// What the sides share: a strategy, a limit and whom it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) strategy: StrategyName,
    pub(super) item: RateLimitItem<'static>,
    pub(super) identifiers: &'static [&'static str],
}

/// Hits in this order, several of them under way at once.
#[derive(Clone, Debug)]
pub(super) struct Hits {
    pub(super) costs: Vec<u64>,
    /// When to begin, in wall time.
    pub(super) at: Timestamp,
    /// The time that each worker waits after each of its hits.
    pub(super) pause: Duration,
}

impl Hits {
    /// Hits that begin now and do not pause.
    pub(super) fn now(costs: Vec<u64>) -> Self {
        Self {
            costs,
            at: wall_time(SystemTime::now()),
            pause: Duration::ZERO,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Stats {
    pub(super) remaining: u64,
    /// In wall time.
    pub(super) reset_time: Timestamp,
}

/// One that hits limits: our storages, or Python's. Whatever fails panics.
pub(super) trait Side: fmt::Display + Sync {
    /// Makes the hits and tells the units admitted.
    fn hit_all(&self, window: Window, hits: &Hits) -> u64;

    fn test(&self, window: Window, cost: u64) -> bool;

    fn stats(&self, window: Window) -> Stats;

    fn clear(&self, window: Window);

    fn reset(&self) -> u64;

    /// Makes one hit, of a cost above 0, and tells whether it was admitted.
    fn hit(&self, window: Window, cost: u64) -> bool {
        self.hit_all(window, &Hits::now(vec![cost])) == cost
    }
}

/// The wall time is what all processes share; a clock of ours may go differently.
pub(super) fn wall_time(time: SystemTime) -> Timestamp {
    let since_epoch = time.duration_since(UNIX_EPOCH);
    Timestamp::ZERO.saturating_add(Micros::from(since_epoch.expect("1970 is over")))
}
