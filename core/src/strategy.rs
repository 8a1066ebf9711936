//! Strategies by name.

use core::fmt;
use core::str::FromStr;

use crate::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};

/// The strategies by their names in Python `limits`, and `gcra`: the registry.
///
/// It is a [`Kind`] itself: that of limiters whose strategy is chosen at run time, or
/// differs from limit to limit.
///
/// ```
/// use limits_core::StrategyName;
///
/// assert_eq!("moving-window".parse(), Ok(StrategyName::MovingWindow));
/// let names: Vec<_> = StrategyName::ALL.iter().map(|name| name.as_str()).collect();
/// assert_eq!(
///     names.join(" "),
///     "fixed-window fixed-window-elastic-expiry moving-window sliding-window-counter gcra",
/// );
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StrategyName {
    /// [`FixedWindowRateLimiter`](crate::FixedWindowRateLimiter).
    FixedWindow,
    /// [`FixedWindowElasticExpiryRateLimiter`](crate::FixedWindowElasticExpiryRateLimiter).
    FixedWindowElasticExpiry,
    /// [`MovingWindowRateLimiter`](crate::MovingWindowRateLimiter).
    MovingWindow,
    /// [`SlidingWindowCounterRateLimiter`](crate::SlidingWindowCounterRateLimiter).
    SlidingWindowCounter,
    /// [`GcraRateLimiter`](crate::GcraRateLimiter).
    Gcra,
}

impl StrategyName {
    /// All strategies.
    pub const ALL: &'static [Self] = &[
        Self::FixedWindow,
        Self::FixedWindowElasticExpiry,
        Self::MovingWindow,
        Self::SlidingWindowCounter,
        Self::Gcra,
    ];

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FixedWindow => Fixed.name(),
            Self::FixedWindowElasticExpiry => Elastic.name(),
            Self::MovingWindow => Moving.name(),
            Self::SlidingWindowCounter => SlidingCounter.name(),
            Self::Gcra => Gcra.name(),
        }
    }
}

impl Kind for StrategyName {
    fn name(self) -> &'static str {
        self.as_str()
    }

    fn extends(self) -> bool {
        self == Self::FixedWindowElasticExpiry
    }
}

impl From<Fixed> for StrategyName {
    fn from(_: Fixed) -> Self {
        Self::FixedWindow
    }
}

impl From<Elastic> for StrategyName {
    fn from(_: Elastic) -> Self {
        Self::FixedWindowElasticExpiry
    }
}

impl From<Moving> for StrategyName {
    fn from(_: Moving) -> Self {
        Self::MovingWindow
    }
}

impl From<SlidingCounter> for StrategyName {
    fn from(_: SlidingCounter) -> Self {
        Self::SlidingWindowCounter
    }
}

impl From<Gcra> for StrategyName {
    fn from(_: Gcra) -> Self {
        Self::Gcra
    }
}

/// There is no strategy of that name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnknownStrategy;

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown strategy, expected one of ")?;
        for (number, strategy) in StrategyName::ALL.iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            write!(f, "{separator}{strategy}")?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownStrategy {}

impl FromStr for StrategyName {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, UnknownStrategy> {
        let mut all = Self::ALL.iter().copied();
        all.find(|strategy| strategy.as_str() == name)
            .ok_or(UnknownStrategy)
    }
}

impl fmt::Display for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
