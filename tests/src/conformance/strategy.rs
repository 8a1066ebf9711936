use limits_core::Storage;
use limits_core::limiter::{Elastic, Fixed, Moving, SlidingCounter, Strategy};

use super::counted::Counted;
use super::fixture::Fixture;

/// A strategy that can be tested on `S`, and what sets it apart.
pub trait Tested<S: Storage>:
    Default + Strategy<S> + Strategy<Counted<S>> + Send + Sync + 'static
{
    /// What trials of it are named after.
    const NAME: &'static str;

    /// Whether every hit, a refused one included, moves the end of the window.
    const EXTENDS: bool = false;

    /// How many periods after the last hit it is as if there had been none.
    const PERIODS: u64 = 1;

    /// Tells the largest amount that the storage of `fixture` can hold for this strategy.
    #[must_use]
    fn largest_amount(_fixture: &impl Fixture) -> u64 {
        u64::MAX
    }
}

impl<S: Storage> Tested<S> for Fixed
where
    Self: Strategy<S> + Strategy<Counted<S>>,
{
    const NAME: &'static str = "fixed-window";
}

impl<S: Storage> Tested<S> for Elastic
where
    Self: Strategy<S> + Strategy<Counted<S>>,
{
    const NAME: &'static str = "fixed-window-elastic-expiry";
    const EXTENDS: bool = true;
}

impl<S: Storage> Tested<S> for Moving
where
    Self: Strategy<S> + Strategy<Counted<S>>,
{
    const NAME: &'static str = "moving-window";

    fn largest_amount(fixture: &impl Fixture) -> u64 {
        fixture.largest_moving_amount()
    }
}

impl<S: Storage> Tested<S> for SlidingCounter
where
    Self: Strategy<S> + Strategy<Counted<S>>,
{
    const NAME: &'static str = "sliding-window-counter";
    const PERIODS: u64 = 2;
}
