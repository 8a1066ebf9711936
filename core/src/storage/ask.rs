use crate::item::{Limit, RateLimitItem};
use crate::key::{Identifiers, Key};
use crate::time::Timestamp;
use crate::window::Hit;

/// What is asked of a storage: `cost` units from the window of one key, which is of
/// kind `K`.
///
/// ```
/// use limits_core::window::Moving;
/// use limits_core::{Ask, RateLimitItem};
///
/// let item = RateLimitItem::per_minute(100);
/// let ask = Ask::new(Moving, &item, "user-42", 1);
/// assert_eq!(ask.key().to_string(), "LIMITER/user-42/100/1/minute");
/// ```
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Ask<'a, K> {
    kind: K,
    key: Key<'a>,
    limit: Limit,
    cost: u64,
}

impl<'a, K> Ask<'a, K> {
    /// Asks for `cost` units from the limit of `identifiers`, by a strategy.
    #[inline(always)]
    pub fn new(
        kind: K,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
    ) -> Self {
        Self::of_key(kind, item.key_for(identifiers), item.limit(), cost)
    }

    /// Asks for `cost` units from the window of a key.
    #[inline(always)]
    pub const fn of_key(kind: K, key: Key<'a>, limit: Limit, cost: u64) -> Self {
        Self {
            kind,
            key,
            limit,
            cost,
        }
    }

    /// The same question to a window of another kind.
    #[inline(always)]
    pub fn with_kind<L>(self, kind: L) -> Ask<'a, L> {
        Ask::of_key(kind, self.key, self.limit, self.cost)
    }

    /// The same question for another number of units.
    #[must_use]
    #[inline(always)]
    pub fn with_cost(self, cost: u64) -> Self {
        Self { cost, ..self }
    }

    /// The kind of window.
    pub const fn kind(&self) -> K
    where
        K: Copy,
    {
        self.kind
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> Key<'a> {
        self.key
    }

    /// The limit.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// The units asked for.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// What is asked of the window, at `now`.
    #[must_use]
    #[inline(always)]
    pub const fn hit(&self, now: Timestamp) -> Hit {
        Hit::new(self.limit, self.cost, now)
    }
}
