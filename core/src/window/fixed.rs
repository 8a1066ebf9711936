use super::{Charge, Decide, Hit, Kind, Mark, Settled, Window};
use crate::time::{Micros, Timestamp};

/// The kind of [`FixedWindowRateLimiter`](crate::FixedWindowRateLimiter): `amount` units
/// per window, which starts with the first hit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fixed;

impl Kind for Fixed {
    fn name(self) -> &'static str {
        "fixed-window"
    }
}

/// The kind of [`FixedWindowElasticExpiryRateLimiter`](crate::FixedWindowElasticExpiryRateLimiter):
/// a fixed window whose end every hit, a refused one too, moves to one period from now.
///
/// It shares its counter with [`Fixed`]. A counter does not tell when its window
/// started, so a charge can be settled for as long as its window lasts without
/// further hits: one period from its own. Nor does it tell that it was cleared: until
/// then a charge from before [`clear`](crate::Storage::clear) or
/// [`reset`](crate::Storage::reset) is settled in the window after, and can give back
/// units of others. The format is Python's, which has no room to tell them apart.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Elastic;

impl Kind for Elastic {
    fn name(self) -> &'static str {
        "fixed-window-elastic-expiry"
    }

    fn extends(self) -> bool {
        true
    }
}

/// A counter that starts over when it expires: the state of a fixed window.
///
/// The window starts at the first admitted hit, not at a round time of day.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedWindow {
    count: u64,
    expires_at: Timestamp,
}

impl FixedWindow {
    /// Makes a window that holds `count` units until `expires_at`.
    #[must_use]
    pub const fn new(count: u64, expires_at: Timestamp) -> Self {
        Self { count, expires_at }
    }

    /// The units counted, none once the window is over.
    #[must_use]
    #[inline(always)]
    pub fn count(&self, now: Timestamp) -> u64 {
        if now < self.expires_at { self.count } else { 0 }
    }

    /// The end of the window.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.expires_at
    }

    /// The units counted, also when the window is over.
    pub(crate) const fn units(&self) -> u64 {
        self.count
    }

    #[inline(always)]
    pub(super) fn admits(&self, hit: Hit) -> bool {
        hit.fits(self.count(hit.now()))
    }

    /// The end of the window, now if none is running.
    pub(super) fn reset_time(&self, hit: Hit) -> Timestamp {
        if self.count(hit.now()) == 0 {
            hit.now()
        } else {
            self.expires_at.min(hit.latest_end())
        }
    }

    pub(super) fn retry_at(&self, hit: Hit) -> Timestamp {
        if self.admits(hit) {
            hit.now()
        } else {
            self.expires_at.min(hit.latest_end())
        }
    }

    /// Takes the units if they fit and tells whether they did. O(1).
    #[inline(always)]
    fn take(&mut self, hit: Hit) -> bool {
        let count = self.count(hit.now());
        let fits = hit.fits(count);
        if hit.cost() == 0 {
            return fits;
        }
        let end = hit.latest_end();
        if count > 0 && self.expires_at > end {
            self.expires_at = end;
        }
        if fits {
            if count == 0 {
                self.expires_at = end;
            }
            // Not above the amount.
            self.count = count.wrapping_add(hit.cost());
        }
        fits
    }

    /// As [`take`](Self::take), and moves the end of a window that holds units.
    #[inline(always)]
    fn take_and_extend(&mut self, hit: Hit) -> bool {
        let count = self.count(hit.now());
        let fits = hit.fits(count);
        if hit.cost() == 0 {
            return fits;
        }
        let end = hit.latest_end();
        if fits {
            // Not above the amount.
            *self = Self::new(count.wrapping_add(hit.cost()), end);
        } else if count > 0 {
            self.expires_at = end;
        }
        fits
    }

    pub(super) fn mark(&self) -> Mark {
        self.expires_at.into()
    }

    fn settle_charge(&mut self, charge: &Charge, used: u64) -> Settled {
        let settled = charge.settle_in(&mut self.count, used);
        if self.count == 0 {
            *self = Self::EMPTY;
        }
        settled
    }
}

impl Window for FixedWindow {
    const EMPTY: Self = Self::new(0, Timestamp::ZERO);

    #[inline(always)]
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    fn bring_forward(&mut self, period: Micros, now: Timestamp) {
        self.expires_at = self.expires_at.min(now.saturating_add(period));
    }
}

impl Decide<Fixed> for FixedWindow {
    type Usage = Self;

    #[inline(always)]
    fn acquire(&mut self, hit: Hit) -> (bool, Self) {
        (self.take(hit), *self)
    }

    fn peek(&self, _hit: Hit) -> Self {
        *self
    }

    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
        if self.is_over(now) || !charge.is_released_at(self.expires_at) {
            return Settled::NOTHING;
        }
        self.settle_charge(charge, used)
    }
}

impl Decide<Elastic> for FixedWindow {
    type Usage = Self;

    #[inline(always)]
    fn acquire(&mut self, hit: Hit) -> (bool, Self) {
        (self.take_and_extend(hit), *self)
    }

    fn peek(&self, _hit: Hit) -> Self {
        *self
    }

    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
        // Until then the window of the hit is the one that is running, unless it was cleared.
        if charge.mark().instant() <= now || self.is_over(now) {
            return Settled::NOTHING;
        }
        self.settle_charge(charge, used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Limit;

    const AT: Timestamp = Timestamp::from_secs(1_000);
    const PERIOD: Micros = Micros::from_secs(10);
    const LIMIT: Limit = Limit::new(3, PERIOD);

    fn hit(cost: u64, now: Timestamp) -> Hit {
        Hit::new(LIMIT, cost, now)
    }

    fn fixed(window: &mut FixedWindow, hit: Hit) -> bool {
        Decide::<Fixed>::acquire(window, hit).0
    }

    fn elastic(window: &mut FixedWindow, hit: Hit) -> bool {
        Decide::<Elastic>::acquire(window, hit).0
    }

    #[test]
    fn is_over_at_exactly_its_end() {
        let mut window = FixedWindow::EMPTY;
        assert!(fixed(&mut window, hit(3, AT)));
        let end = AT.saturating_add(PERIOD);
        let before = end.saturating_sub(Micros::from_micros(1));
        assert!(!fixed(&mut window, hit(1, before)));
        assert!(fixed(&mut window, hit(1, end)));
        assert_eq!(window.count(end), 1);
    }

    #[test]
    fn a_refused_hit_changes_nothing_unless_elastic() {
        let mut window = FixedWindow::EMPTY;
        assert!(fixed(&mut window, hit(3, AT)));
        let before = window;
        let later = AT.saturating_add(Micros::from_secs(4));
        assert!(!fixed(&mut window, hit(1, later)));
        assert_eq!(window, before);
        assert!(!elastic(&mut window, hit(1, later)));
        assert_eq!(window, FixedWindow::new(3, later.saturating_add(PERIOD)));
    }

    #[test]
    fn a_hit_of_nothing_changes_nothing() {
        let mut window = FixedWindow::new(4, AT.saturating_add(PERIOD));
        let before = window;
        assert!(!elastic(&mut window, hit(0, AT)));
        assert_eq!(window, before);
        let mut window = FixedWindow::EMPTY;
        assert!(elastic(&mut window, hit(0, AT)));
        assert_eq!(window, FixedWindow::EMPTY);
    }

    #[test]
    fn counts_up_to_the_last_number() {
        let mut window = FixedWindow::EMPTY;
        let all = |cost| Hit::new(Limit::new(u64::MAX, PERIOD), cost, AT);
        assert!(fixed(&mut window, all(u64::MAX - 1)));
        assert!(!fixed(&mut window, all(2)));
        assert!(fixed(&mut window, all(1)));
        assert_eq!(window.count(AT), u64::MAX);
    }

    #[test]
    fn an_end_that_a_clock_left_far_away_comes_within_a_period() {
        let far = AT.saturating_add(Micros::from_secs(3_600));
        let mut window = FixedWindow::new(3, far);
        let end = AT.saturating_add(PERIOD);
        assert_eq!(window.retry_at(hit(1, AT)), end);
        assert!(!fixed(&mut window, hit(1, AT)));
        assert_eq!(window, FixedWindow::new(3, end));
        assert!(fixed(&mut window, hit(1, end)));
    }
}
