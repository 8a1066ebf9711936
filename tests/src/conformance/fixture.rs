use std::sync::Arc;

use core::time::Duration;

use limits_core::{BlockList, Clock, ManualClock, Micros, Storage, Timestamp};

/// A storage under test, with the clock of its limiters and a way to let time pass.
///
/// Where windows start at round times and not with the first hit, a fixture is
/// made shortly after a multiple of [`PERIOD`](super::PERIOD).
///
/// An answer by which laws are left out has no default: a backend that forgot to
/// give one would pass without them.
pub trait Fixture: Send + Sync + 'static {
    /// A handle to the storage.
    type Storage: Storage<Error: From<<Self::Blocks as BlockList>::Error>> + Send + Sync + 'static;

    /// Where keys are blocked, in front of the storage.
    type Blocks: BlockList + Send + Sync + 'static;

    /// The clock whose instants the limiters use.
    type Clock: Clock + Send + Sync + 'static;

    /// Makes another handle to the one storage of this fixture: where there is
    /// a server, a connection of its own.
    fn storage(&self) -> Self::Storage;

    /// Makes a list of no blocks.
    fn blocks(&self) -> Self::Blocks;

    /// Makes another handle to the one clock of this fixture.
    fn clock(&self) -> Self::Clock;

    /// Lets at least `span` pass, and not much more.
    fn pass(&self, span: Micros) -> impl Future<Output = ()> + Send;

    /// Tells how far the storage's instants may be off; nothing where the
    /// clock moves only by [`pass`](Self::pass).
    fn tolerance(&self) -> Micros {
        Micros::ZERO
    }

    /// Tells how long the slowest call took since this was last asked, where that is known.
    fn take_slowest_call(&self) -> Duration {
        Duration::ZERO
    }

    /// Tells the largest amount of a limit that the storage can count to.
    fn largest_amount(&self) -> u64 {
        u64::MAX
    }

    /// Tells the largest amount of a moving window that the storage can hold.
    fn largest_moving_amount(&self) -> u64 {
        u64::MAX
    }

    /// Tells the largest product of the amount of a bucket and its period, in
    /// microseconds, that the storage can count to.
    fn largest_bucket(&self) -> u128 {
        u128::MAX
    }

    /// Tells the bytes of the longest key.
    fn longest_key(&self) -> usize {
        1_024
    }

    /// Tells how many keys may be live at once.
    fn most_keys(&self) -> u64 {
        u64::MAX
    }

    /// Tells whether a window starts with its first hit and not at a round time.
    fn starts_windows_with_the_first_hit(&self) -> bool;

    /// Tells whether the windows of different strategies under one key are apart.
    fn keeps_strategies_apart(&self) -> bool;

    /// Tells whether a call does its work when it is made, and not when it is polled.
    fn works_when_called(&self) -> bool;

    /// Tells whether hits of several limits in different orders never turn each other
    /// away: the storage decides on all at once, and not in turn.
    fn decides_at_once(&self) -> bool;

    /// Tells whether `reset` is supported.
    fn can_be_reset(&self) -> bool;

    /// Tells whether `reset` knows how many keys there were.
    fn counts_keys(&self) -> bool;
}

/// A clock that moves only when told to, with any number of owners.
#[derive(Clone, Debug)]
pub struct SharedClock(Arc<ManualClock>);

impl SharedClock {
    /// Makes a clock that stands at an instant which is round in no unit.
    #[must_use]
    pub fn new() -> Self {
        let start = Timestamp::from_micros(1_792_345_678_901_237);
        Self(Arc::new(ManualClock::new(start)))
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Micros) {
        self.0.advance(span);
    }
}

impl Default for SharedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
