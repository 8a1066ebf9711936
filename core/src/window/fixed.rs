use super::Window;
use crate::item::Limit;
use crate::time::{Micros, Timestamp};

/// A counter that starts over when it expires: the state of a fixed window.
///
/// The window starts at the first admitted hit, not at a round time of day.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedWindow {
    count: u64,
    expires_at: Timestamp,
}

/// What [`incr`](crate::FixedWindowSupport::incr) is asked to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Increment {
    /// The units to add; 0 reads the counter and changes nothing.
    pub amount: u64,
    /// How long a window lasts that this increment starts.
    pub expiry: Micros,
    /// Whether every increment of a running window, a refused one included,
    /// moves its end to one `expiry` from now.
    pub elastic_expiry: bool,
    /// The count that must not be passed: an increment that would is refused.
    pub ceiling: Option<u64>,
}

/// What [`incr`](crate::FixedWindowSupport::incr) did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Incremented {
    /// Whether the units were added; `false` only for want of room under the ceiling.
    pub applied: bool,
    /// The counter afterwards.
    pub window: FixedWindow,
}

impl FixedWindow {
    /// Makes a window that holds `count` units until `expires_at`.
    #[must_use]
    pub const fn new(count: u64, expires_at: Timestamp) -> Self {
        Self { count, expires_at }
    }

    /// Tells the units counted, none once the window is over.
    #[must_use]
    pub fn count(&self, now: Timestamp) -> u64 {
        if now < self.expires_at { self.count } else { 0 }
    }

    /// Tells the units counted, also when the window is over.
    pub(crate) const fn units(&self) -> u64 {
        self.count
    }

    /// Tells the end of the window, `now` if none is running.
    #[must_use]
    pub fn reset_time(&self, now: Timestamp) -> Timestamp {
        if self.count(now) == 0 {
            now
        } else {
            self.expires_at
        }
    }

    /// Adds to the counter, or refuses. O(1).
    #[inline(always)]
    pub fn incr(&mut self, increment: Increment, now: Timestamp) -> Incremented {
        let count = self.count(now);
        let applied = increment.ceiling.is_none_or(|ceiling| {
            let room = ceiling.checked_sub(count);
            room.is_some_and(|room| increment.amount <= room)
        });
        if increment.amount > 0 {
            let end = now.saturating_add(increment.expiry);
            if count > 0 && increment.elastic_expiry {
                // A clock that went back doesn't shorten a window.
                self.expires_at = self.expires_at.max(end);
            }
            if applied {
                if count == 0 {
                    self.expires_at = end;
                }
                self.count = count.saturating_add(increment.amount);
            }
        }
        let window = *self;
        Incremented { applied, window }
    }

    pub(super) fn admits(&self, limit: Limit, cost: u64, now: Timestamp) -> bool {
        let next = self.count(now).checked_add(cost);
        next.is_some_and(|next| next <= limit.amount())
    }

    pub(super) fn retry_at(&self, limit: Limit, cost: u64, now: Timestamp) -> Timestamp {
        if self.admits(limit, cost, now) {
            now
        } else {
            self.expires_at
        }
    }
}

impl Window for FixedWindow {
    const EMPTY: Self = Self::new(0, Timestamp::ZERO);

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_secs(1_000);
    const PERIOD: Micros = Micros::from_secs(10);

    fn increment(amount: u64, elastic_expiry: bool) -> Increment {
        Increment {
            amount,
            expiry: PERIOD,
            elastic_expiry,
            ceiling: Some(3),
        }
    }

    #[test]
    fn is_over_at_exactly_its_end() {
        let mut window = FixedWindow::EMPTY;
        assert!(window.incr(increment(3, false), AT).applied);
        let end = AT.saturating_add(PERIOD);
        let before = end.saturating_sub(Micros::from_micros(1));
        assert!(!window.incr(increment(1, false), before).applied);
        assert!(window.incr(increment(1, false), end).applied);
        assert_eq!(window.count(end), 1);
    }

    #[test]
    fn a_refused_increment_changes_nothing_unless_elastic() {
        let mut window = FixedWindow::EMPTY;
        let _ = window.incr(increment(3, false), AT);
        let before = window;
        let later = AT.saturating_add(Micros::from_secs(4));
        assert!(!window.incr(increment(1, false), later).applied);
        assert_eq!(window, before);
        assert!(!window.incr(increment(1, true), later).applied);
        assert_eq!(window, FixedWindow::new(3, later.saturating_add(PERIOD)));
    }

    #[test]
    fn an_increment_of_nothing_changes_nothing() {
        let mut window = FixedWindow::new(4, AT.saturating_add(PERIOD));
        let before = window;
        assert!(!window.incr(increment(0, true), AT).applied);
        assert_eq!(window, before);
        let mut window = FixedWindow::EMPTY;
        assert!(window.incr(increment(0, true), AT).applied);
        assert_eq!(window, FixedWindow::EMPTY);
    }

    #[test]
    fn counts_without_a_ceiling_up_to_the_last_number() {
        let mut window = FixedWindow::EMPTY;
        let free = Increment {
            ceiling: None,
            ..increment(u64::MAX, false)
        };
        let _ = window.incr(free, AT);
        assert!(window.incr(free, AT).applied);
        assert_eq!(window.count(AT), u64::MAX);
    }
}
