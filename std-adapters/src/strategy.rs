//! Strategies by name.

use core::fmt;
use core::str::FromStr;

use crate::error::StorageError;

/// The strategies by their names in Python `limits`: the registry.
///
/// ```
/// use limits::StrategyName;
///
/// assert_eq!("moving-window".parse::<StrategyName>()?, StrategyName::MovingWindow);
/// assert_eq!(StrategyName::ALL.map(|name| name.as_str()).join(" "),
///     "fixed-window fixed-window-elastic-expiry moving-window sliding-window-counter");
/// # Ok::<(), limits::StorageError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
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
}

impl StrategyName {
    /// All strategies.
    pub const ALL: [Self; 4] = [
        Self::FixedWindow,
        Self::FixedWindowElasticExpiry,
        Self::MovingWindow,
        Self::SlidingWindowCounter,
    ];

    /// Tells the name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FixedWindow => "fixed-window",
            Self::FixedWindowElasticExpiry => "fixed-window-elastic-expiry",
            Self::MovingWindow => "moving-window",
            Self::SlidingWindowCounter => "sliding-window-counter",
        }
    }
}

impl FromStr for StrategyName {
    type Err = StorageError;

    fn from_str(name: &str) -> Result<Self, StorageError> {
        let found = Self::ALL
            .into_iter()
            .find(|strategy| strategy.as_str() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            let reason = format!("unknown strategy `{name}`, expected one of {names}");
            StorageError::configuration("limits", reason)
        })
    }
}

impl fmt::Display for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
