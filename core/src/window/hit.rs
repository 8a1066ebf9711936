use crate::item::Limit;
use crate::time::Timestamp;

/// What is asked of a window: `cost` units of `limit` at `now`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Hit {
    limit: Limit,
    cost: u64,
    now: Timestamp,
}

impl Hit {
    /// Makes a hit.
    #[must_use]
    pub const fn new(limit: Limit, cost: u64, now: Timestamp) -> Self {
        Self { limit, cost, now }
    }

    /// The limit that is hit.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// The units asked for.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// The instant of the hit.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether the cost is within the limit at all.
    #[must_use]
    #[inline(always)]
    pub const fn is_possible(&self) -> bool {
        self.cost <= self.limit.amount()
    }

    /// Whether the units fit where so many are in use.
    #[inline(always)]
    pub(super) fn fits(&self, used: u64) -> bool {
        let taken = used.checked_add(self.cost);
        taken.is_some_and(|taken| taken <= self.limit.amount())
    }

    /// One period from now: the end of a window that starts with this hit, and the
    /// furthest that the end of any window can be. An end that is further away was
    /// made by a clock that has gone back since, and is taken as this one.
    #[must_use]
    #[inline(always)]
    pub const fn latest_end(&self) -> Timestamp {
        self.now.saturating_add(self.limit.period())
    }
}
