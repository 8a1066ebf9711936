use core::str::FromStr;
use std::sync::Arc;

use limits_core::{ParseError, RateLimitItem};

/// The limits of a policy or of a plan: any number of them, each counted once.
///
/// Read from text, `"5/second; 100/hour"`, or collected from items. Clones share the items,
/// so a plan is cheap to hand out. Without any, nothing is limited: [`Limits::none`].
///
/// ```
/// use limits::RateLimitItem;
/// use limits::http::Limits;
///
/// let limits: Limits = "5/second; 100/hour".parse()?;
/// assert_eq!(limits.items(), [RateLimitItem::per_second(5), RateLimitItem::per_hour(100)]);
/// assert_eq!(Limits::from(RateLimitItem::per_day(9)).items().len(), 1);
/// # Ok::<(), limits::ParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Limits(Arc<[RateLimitItem<'static>]>);

impl Limits {
    /// No limits at all: the plan of a caller who is exempt.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The limits, in order.
    #[must_use]
    pub fn items(&self) -> &[RateLimitItem<'static>] {
        &self.0
    }
}

impl FromIterator<RateLimitItem<'static>> for Limits {
    fn from_iter<I: IntoIterator<Item = RateLimitItem<'static>>>(items: I) -> Self {
        let mut once = Vec::new();
        for item in items {
            // Twice the same limit is one window, which would take each cost twice.
            if !once.contains(&item) {
                once.push(item);
            }
        }
        Self(once.into())
    }
}

impl From<RateLimitItem<'static>> for Limits {
    fn from(item: RateLimitItem<'static>) -> Self {
        Self(Arc::new([item]))
    }
}

impl FromStr for Limits {
    type Err = ParseError;

    fn from_str(limits: &str) -> Result<Self, ParseError> {
        Ok(RateLimitItem::parse_many(limits)?.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_given_twice_counts_once() -> Result<(), ParseError> {
        let limits: Limits = "5/second; 5 per 1 second; 6/second".parse()?;
        assert_eq!(limits.items().len(), 2);
        Ok(())
    }
}
