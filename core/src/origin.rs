//! Who an answer is from.

use core::fmt;

/// Who decided.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Origin {
    /// The storage, by the limit.
    #[default]
    Storage,
    /// A block of the key: see [`Guarded`](crate::Guarded).
    Blocked,
    /// A refusal of the storage that is still in force, without asking it again.
    Remembered,
    /// Those who wait for the key, whom no hit may overtake.
    Queued,
    /// A policy that lets hits pass while the storage fails: nothing was taken.
    FailedOpen,
    /// A policy that refuses hits while the storage fails.
    FailedClosed,
    /// Another storage, while the first one fails.
    Fallback,
    /// Nobody: the storage refused, but its refusals are only watched, so the hit passes
    /// and took nothing.
    Shadow,
}

impl Origin {
    /// Whether the storage failed and something else answered. The numbers of such an
    /// answer are not those of the limit.
    #[must_use]
    pub const fn is_degraded(self) -> bool {
        matches!(self, Self::FailedOpen | Self::FailedClosed | Self::Fallback)
    }

    /// The name, for logs and metrics: `storage`, `failed-open` and so on.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Blocked => "blocked",
            Self::Remembered => "remembered",
            Self::Queued => "queued",
            Self::FailedOpen => "failed-open",
            Self::FailedClosed => "failed-closed",
            Self::Fallback => "fallback",
            Self::Shadow => "shadow",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decision, Limit, Micros, Timestamp, window::Hit};

    #[test]
    fn what_is_let_through_took_nothing_and_says_why() {
        let limit = Limit::new(1, Micros::from_secs(1));
        let hit = Hit::new(limit, 1, Timestamp::ZERO);
        let refused = Decision::hit(
            false,
            hit,
            crate::FixedWindow::new(1, Timestamp::from_secs(1)),
        );
        let passing = refused.let_through(Origin::Shadow);
        assert!(passing.allowed());
        assert_eq!(passing.origin(), Origin::Shadow);
        assert_eq!(passing.charge(), None);
        assert_eq!(passing.remaining(), 0);
    }
}
