use super::Hit;
use crate::item::Limit;
use crate::origin::Origin;
use crate::time::{Micros, Timestamp};

/// Which window an admitted hit took its units from, in numbers that only the window's
/// kind and its storage understand.
///
/// They are by the clock that decided: for a storage whose server has a clock, by that
/// one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Mark([u64; 2]);

impl Mark {
    /// Makes a mark.
    #[must_use]
    pub const fn new(numbers: [u64; 2]) -> Self {
        Self(numbers)
    }

    /// The numbers.
    #[must_use]
    pub const fn numbers(self) -> [u64; 2] {
        self.0
    }

    /// The first number as an instant.
    #[must_use]
    pub const fn instant(self) -> Timestamp {
        let [first, ..] = self.0;
        Timestamp::from_micros(first)
    }
}

impl From<Timestamp> for Mark {
    fn from(instant: Timestamp) -> Self {
        Self::new([instant.as_micros(), 0])
    }
}

/// What an admitted hit took: so many units, out of one window.
///
/// Made by [`Decision::charge`](crate::Decision::charge), and used up when it is
/// settled. It is neither `Copy` nor `Clone`, so what one hit took is given back
/// once. Dropping it leaves the units taken, as those of any hit.
#[derive(Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "units that are not settled stay taken"]
pub struct Charge {
    limit: Limit,
    cost: u64,
    mark: Mark,
    missing: u128,
    origin: Origin,
}

impl Charge {
    pub(crate) const fn new(hit: Hit, mark: Mark, missing: u128, origin: Origin) -> Self {
        Self {
            limit: hit.limit(),
            cost: hit.cost(),
            mark,
            missing,
            origin,
        }
    }

    /// The limit that the units are of.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// The units that were taken.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// The window that they were taken from.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// Whether units that are released at an instant can be those of the charge.
    ///
    /// That is the instant of its mark or, since of two threads the one that read the clock
    /// first may come second, up to 100 ms before it: the later hit then brought the window
    /// forward to a period from its own instant. A window that comes after is released later.
    #[must_use]
    pub fn is_released_at(&self, instant: Timestamp) -> bool {
        const STEP: Micros = Micros::from_millis(100);
        let mark = self.mark.instant();
        instant <= mark && mark.saturating_since(instant) <= STEP
    }

    /// Who let the hit pass: where there are two storages, whose window it is.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// What was missing from a bucket as the hit left it: units in use times the period.
    #[must_use]
    pub const fn missing(&self) -> u128 {
        self.missing
    }

    /// Corrects a counter that holds the units to hold the `used` ones instead.
    pub fn settle_in(&self, count: &mut u64, used: u64) -> Settled {
        if used > self.cost {
            let more = used - self.cost;
            *count = count.saturating_add(more);
            return Settled::taken(more);
        }
        // Less than the units is there only if the key was cleared meanwhile.
        let back = (self.cost - used).min(*count);
        *count -= back;
        Settled::given_back(back)
    }
}

/// What settling did. At most one of its numbers is not 0.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Settled {
    /// The units that are free again.
    pub given_back: u64,
    /// The units taken beyond the cost of the hit.
    pub taken: u64,
}

impl Settled {
    /// Nothing was changed: all was used as it was taken, or the window is over.
    pub const NOTHING: Self = Self {
        given_back: 0,
        taken: 0,
    };

    /// So many units are free again.
    #[must_use]
    pub const fn given_back(units: u64) -> Self {
        Self {
            given_back: units,
            ..Self::NOTHING
        }
    }

    /// So many units more were taken.
    #[must_use]
    pub const fn taken(units: u64) -> Self {
        Self {
            taken: units,
            ..Self::NOTHING
        }
    }
}
