//! What is limited: so many units every so often, under a namespace.

use core::cmp::Ordering;
use core::fmt;
use core::num::NonZeroU32;

use crate::time::Micros;

/// The unit of a limit's period: a number of seconds and its name.
///
/// The six built-in ones are those of Python `limits`: a month is always 30
/// days and a year 12 such months, 360 days.
///
/// ```
/// use limits_core::{Granularity, RateLimitItem};
///
/// const WEEK: Granularity = Granularity::new(604_800, "week").expect("a week is not empty");
/// assert_eq!(RateLimitItem::new(5, WEEK).to_string(), "5 per 1 week");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Granularity {
    seconds: NonZeroU32,
    name: &'static str,
}

impl Granularity {
    /// One second.
    pub const SECOND: Self = Self::built_in(1, "second");
    /// 60 seconds.
    pub const MINUTE: Self = Self::built_in(60, "minute");
    /// 3,600 seconds.
    pub const HOUR: Self = Self::built_in(3_600, "hour");
    /// 86,400 seconds.
    pub const DAY: Self = Self::built_in(86_400, "day");
    /// 30 days.
    pub const MONTH: Self = Self::built_in(2_592_000, "month");
    /// 360 days.
    pub const YEAR: Self = Self::built_in(31_104_000, "year");
    /// The built-in granularities, shortest first.
    pub const ALL: [Self; 6] = [
        Self::SECOND,
        Self::MINUTE,
        Self::HOUR,
        Self::DAY,
        Self::MONTH,
        Self::YEAR,
    ];

    /// Makes a granularity of your own, `None` if it has no seconds, no name, or
    /// the name of a built-in one of other seconds.
    ///
    /// The name becomes part of every key, so don't give one name to two lengths.
    /// Only a name of lower-case ASCII letters can be found by
    /// [`parse_with`](RateLimitItem::parse_with).
    #[must_use]
    pub const fn new(seconds: u32, name: &'static str) -> Option<Self> {
        let mut number = 0;
        while number < Self::ALL.len() {
            let built_in = Self::ALL[number];
            if is_same(built_in.name, name) && built_in.seconds() != seconds {
                return None;
            }
            number += 1;
        }
        match NonZeroU32::new(seconds) {
            Some(seconds) if !name.is_empty() => Some(Self { seconds, name }),
            _ => None,
        }
    }

    const fn built_in(seconds: u32, name: &'static str) -> Self {
        let seconds = NonZeroU32::new(seconds).expect("built-in granularities have seconds");
        Self { seconds, name }
    }

    /// Tells the seconds of one such unit.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds.get()
    }

    /// Tells the name, singular.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// Compares in a `const fn`, where `==` can't.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

impl fmt::Display for Granularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The numbers a window decides by: `amount` units in every `period`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Limit {
    amount: u64,
    period: Micros,
}

impl Limit {
    /// Makes a limit; a period of nothing becomes one microsecond.
    #[must_use]
    pub const fn new(amount: u64, period: Micros) -> Self {
        let period = if period.as_micros() == 0 {
            Micros::from_micros(1)
        } else {
            period
        };
        Self { amount, period }
    }

    /// Tells how many units one period admits.
    #[must_use]
    pub const fn amount(self) -> u64 {
        self.amount
    }

    /// Tells the length of a period, at least one microsecond.
    #[must_use]
    pub const fn period(self) -> Micros {
        self.period
    }
}

/// A rate limit: `amount` units per `multiples` of a [`Granularity`].
///
/// An amount of 0 refuses every hit. The namespace, the amount and the period
/// are all part of [`key_for`](Self::key_for), so two items share a counter
/// exactly when they are equal.
///
/// ```
/// use limits_core::RateLimitItem;
///
/// let item = RateLimitItem::per_minute(10);
/// assert_eq!(item, "10/minute".parse()?);
/// assert_eq!(item.key_for(&["user", "42"]).to_string(), "LIMITER/user/42/10/1/minute");
/// # Ok::<(), limits_core::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RateLimitItem<'n> {
    /// Its period is kept beside what it is made of, so that a decision multiplies nothing.
    limit: Limit,
    multiples: NonZeroU32,
    granularity: Granularity,
    /// `None` is the default one: a storage without room for namespaces compares no text.
    namespace: Option<&'n str>,
}

impl RateLimitItem<'static> {
    /// The namespace of an item that names none.
    pub const DEFAULT_NAMESPACE: &'static str = "LIMITER";

    /// Makes a limit of `amount` units per one `granularity`.
    #[must_use]
    pub const fn new(amount: u64, granularity: Granularity) -> Self {
        Self {
            limit: Limit::new(amount, Micros::from_secs(granularity.seconds() as u64)),
            multiples: NonZeroU32::MIN,
            granularity,
            namespace: None,
        }
    }

    /// Makes a limit of `amount` units per second.
    #[must_use]
    pub const fn per_second(amount: u64) -> Self {
        Self::new(amount, Granularity::SECOND)
    }

    /// Makes a limit of `amount` units per minute.
    #[must_use]
    pub const fn per_minute(amount: u64) -> Self {
        Self::new(amount, Granularity::MINUTE)
    }

    /// Makes a limit of `amount` units per hour.
    #[must_use]
    pub const fn per_hour(amount: u64) -> Self {
        Self::new(amount, Granularity::HOUR)
    }

    /// Makes a limit of `amount` units per day.
    #[must_use]
    pub const fn per_day(amount: u64) -> Self {
        Self::new(amount, Granularity::DAY)
    }

    /// Makes a limit of `amount` units per month of 30 days.
    #[must_use]
    pub const fn per_month(amount: u64) -> Self {
        Self::new(amount, Granularity::MONTH)
    }

    /// Makes a limit of `amount` units per year of 360 days.
    #[must_use]
    pub const fn per_year(amount: u64) -> Self {
        Self::new(amount, Granularity::YEAR)
    }
}

impl<'n> RateLimitItem<'n> {
    /// Lengthens the period to so many granularities: `10 per 3 hour`.
    #[must_use]
    pub const fn with_multiples(self, multiples: NonZeroU32) -> Self {
        // Two `u32` factors: the product is below 2^64.
        let seconds = self.granularity.seconds() as u64 * multiples.get() as u64;
        Self {
            limit: Limit::new(self.limit.amount, Micros::from_secs(seconds)),
            multiples,
            ..self
        }
    }

    /// Puts the limit under a namespace of your own, so that its counters are
    /// apart from those of the same limit elsewhere.
    #[must_use]
    pub const fn with_namespace<'m>(self, namespace: &'m str) -> RateLimitItem<'m>
    where
        'n: 'm,
    {
        let default = is_same(namespace, RateLimitItem::DEFAULT_NAMESPACE);
        let namespace = if default { None } else { Some(namespace) };
        RateLimitItem { namespace, ..self }
    }

    /// Tells how many units one period admits.
    #[must_use]
    pub const fn amount(&self) -> u64 {
        self.limit.amount
    }

    /// Tells how many granularities make the period.
    #[must_use]
    pub const fn multiples(&self) -> u32 {
        self.multiples.get()
    }

    /// Tells the unit of the period.
    #[must_use]
    pub const fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// Tells the namespace.
    #[must_use]
    pub const fn namespace(&self) -> &'n str {
        match self.namespace {
            Some(namespace) => namespace,
            None => RateLimitItem::DEFAULT_NAMESPACE,
        }
    }

    pub(crate) const fn has_namespace(&self) -> bool {
        self.namespace.is_some()
    }

    /// Tells the length of the period, at most [`Micros::MAX`].
    #[must_use]
    pub const fn get_expiry(&self) -> Micros {
        self.limit.period
    }

    /// Tells the numbers the windows work with.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// Orders items by their period and then by their amount.
    ///
    /// Items have no `Ord`: no order on them agrees with their equality and
    /// still means something.
    #[must_use]
    pub fn cmp_by_period(&self, other: &RateLimitItem<'_>) -> Ordering {
        (self.get_expiry(), self.amount()).cmp(&(other.get_expiry(), other.amount()))
    }
}

impl fmt::Display for RateLimitItem<'_> {
    /// Writes `10 per 1 minute`, which [`parse`](RateLimitItem::parse) reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (amount, multiples) = (self.amount(), self.multiples);
        write!(f, "{amount} per {multiples} {}", self.granularity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_name_keeps_its_length() {
        assert_eq!(Granularity::new(30, "minute"), None);
        assert_eq!(Granularity::new(60, "minute"), Some(Granularity::MINUTE));
        assert!(Granularity::new(30, "minutes").is_some());
        assert!(Granularity::new(30, "min").is_some());
    }

    #[test]
    fn a_granularity_has_seconds_and_a_name() {
        assert_eq!(Granularity::new(0, "never"), None);
        assert_eq!(Granularity::new(1, ""), None);
    }
}
