use limits_core::Micros;
use limits_core::limiter::Charged;
use limits_core::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};

use super::fixture::Fixture;

/// A strategy under test, and what sets it apart from others besides its
/// [name](limits_core::window::Kind::name) and whether it [extends](limits_core::window::Kind::extends) a window that refuses.
pub trait Tested: Charged + Default {
    /// How many periods after the last hit it is as if there had been none.
    const PERIODS: u64 = 1;

    /// How many periods at most a clock that went back closes a limit for.
    const PERIODS_BEHIND: u64 = Self::PERIODS;

    /// Whether units come back one by one from the first instant on, so that nobody can
    /// tell whose they are.
    const REFILLS: bool = false;

    /// The largest amount per `period` that the storage of `fixture` can hold.
    #[must_use]
    fn largest_amount(fixture: &impl Fixture, _period: Micros) -> u64 {
        fixture.largest_amount()
    }
}

impl Tested for Fixed {}

impl Tested for Elastic {}

impl Tested for Moving {
    fn largest_amount(fixture: &impl Fixture, _period: Micros) -> u64 {
        fixture.largest_moving_amount()
    }
}

impl Tested for SlidingCounter {
    const PERIODS: u64 = 2;
}

impl Tested for Gcra {
    const PERIODS_BEHIND: u64 = 2;
    const REFILLS: bool = true;

    fn largest_amount(fixture: &impl Fixture, period: Micros) -> u64 {
        let most = fixture.largest_bucket() / u128::from(period.as_micros());
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        most.min(fixture.largest_amount())
    }
}
