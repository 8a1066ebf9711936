use super::number::{halves, quotient_rounded_up};
use super::{Charge, Decide, Hit, Kind, Level, Mark, Settled, Window};
use crate::item::Limit;
use crate::time::{Micros, Timestamp};

/// The kind of [`GcraRateLimiter`](crate::GcraRateLimiter): a bucket of `amount` units
/// that refills evenly over the period, the generic cell rate algorithm.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Gcra;

impl Kind for Gcra {
    fn name(self) -> &'static str {
        "gcra"
    }
}

/// A bucket of units that refills evenly: the state of the generic cell rate algorithm
/// (ITU-T I.371, annex A), in the form of its leaky bucket.
///
/// What is missing from a full bucket is kept as units times the period: a hit adds
/// `cost * period` to it and each microsecond takes `amount` away, so nothing is ever
/// rounded, whatever the amount and the period.
///
/// What of a hit may have been refilled when its [`Charge`] is settled can't be given
/// back: it is there already. As if the hit had never been, the bucket would have been
/// full sooner, by as much as the least that was missing since. Of that two bounds are
/// known: what is missing of the hit itself if all refilled was its own, and what is
/// missing of the bucket as the hit left it if all that others gave back is set aside.
/// The larger of the two is given back, so never a unit of somebody else. It is all of the
/// hit as long as nothing was refilled, and exact if nobody else came since.
///
/// What is taken beyond a charge is missing in full, as if the hit had taken it: a bucket
/// that was not full since has refilled no less for it. Once the bucket was full it is too
/// late to take more, so of a cost that is not known the most is to be taken first.
///
/// A caller whose clock is behind that of the last hit finds the bucket as that hit left
/// it: if it were refilled from then on, callers whose clocks differ would refill it again
/// and again. So a bucket that a clock left which has gone back is full two periods from
/// now at the latest; one left further ahead than a period is refilled from the next hit
/// on.
///
/// `N` is the number that a missing part fits into: `u128` for any limit, `u64` for
/// those whose amount times their period, in microseconds, is less than 2^63.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GcraWindow<N = u128> {
    /// What was missing at `since`: units in use times the period.
    missing: N,
    since: Timestamp,
    /// What is refilled in a microsecond: the amount of the limit.
    rate: u64,
    /// The units given back since the bucket was last full, counted modulo 2^64 from a
    /// number that tells this time from others.
    given: u64,
}

impl<N: Level> GcraWindow<N> {
    /// Makes the state of a bucket whose `missing` part, units in use times the period,
    /// refills by `rate` a microsecond from `since` on; `given` counts the units that
    /// were given back, modulo 2^64, from [`first_given`](Self::first_given) on.
    #[must_use]
    pub const fn new(missing: N, since: Timestamp, rate: u64, given: u64) -> Self {
        Self {
            missing,
            since,
            rate,
            given,
        }
    }

    /// The same bucket, in numbers that are wide enough for any.
    #[must_use]
    pub fn widened(self) -> GcraWindow<u128> {
        GcraWindow::new(self.missing.widened(), self.since, self.rate, self.given)
    }

    /// What was missing at [`since`](Self::since): units in use times the period.
    #[must_use]
    pub const fn missing(&self) -> N {
        self.missing
    }

    /// When it was missing.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// What is refilled in a microsecond.
    #[must_use]
    pub const fn rate(&self) -> u64 {
        self.rate
    }

    /// The count of units given back, modulo 2^64.
    #[must_use]
    pub const fn given(&self) -> u64 {
        self.given
    }

    /// Where the count of units given back begins for a bucket that is full at `now`.
    #[must_use]
    #[inline(always)]
    pub const fn first_given(now: Timestamp) -> u64 {
        // SplitMix64's increment, which spreads neighbouring instants over all numbers.
        now.as_micros().wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// The same bucket with what is missing at `now`, if that is later.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let (missing, since) = (self.missing_at(now), self.since.max(now));
        Self::new(missing, since, self.rate, self.given)
    }

    /// The instant from which on the bucket is refilled, for a caller at `now`.
    fn refilled_from(&self, period: Micros, now: Timestamp) -> Timestamp {
        if self.is_astray(period, now) {
            now
        } else {
            self.since.max(now)
        }
    }

    /// Whether the clock has gone back by more than a period.
    #[inline(always)]
    fn is_astray(&self, period: Micros, now: Timestamp) -> bool {
        self.since > now.saturating_add(period)
    }

    /// What is missing at `now`. A clock that went back refills nothing.
    #[inline(always)]
    fn missing_at(&self, now: Timestamp) -> N {
        let passed = now.saturating_since(self.since).as_micros();
        self.missing.minus(N::product(self.rate, passed))
    }
}

impl GcraWindow {
    #[inline(always)]
    pub(super) fn admits(&self, hit: Hit) -> bool {
        self.room(hit) >= product(hit.cost(), hit.limit().period())
    }

    /// The units that are not there: a part of one is none.
    pub(super) fn used(&self, period: Micros, now: Timestamp) -> u64 {
        quotient_rounded_up(self.missing_at(now), period.as_micros())
    }

    /// The first instant at which more is there than now.
    pub(super) fn reset_time(&self, period: Micros, now: Timestamp) -> Timestamp {
        let missing = self.missing_at(now);
        if missing == 0 {
            return now;
        }
        let from = self.refilled_from(period, now);
        let fewer = self.used(period, now).saturating_sub(1);
        self.after(from, missing.minus(product(fewer, period)))
    }

    /// The first instant at which the hit, whose cost is at most the amount, fits.
    pub(super) fn retry_at(&self, hit: Hit) -> Timestamp {
        let (period, now) = (hit.limit().period(), hit.now());
        match product(hit.cost(), period).saturating_sub(self.room(hit)) {
            0 => now,
            lacking => self.after(self.refilled_from(period, now), lacking),
        }
    }

    /// Since when the bucket is as a hit left it, and what was given back before.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark::new([self.given, self.since.as_micros()])
    }

    /// What may still be missing at the hit.
    fn room(&self, hit: Hit) -> u128 {
        let full = product(hit.limit().amount(), hit.limit().period());
        full.saturating_sub(self.missing_at(hit.now()))
    }

    /// When so much has been refilled.
    fn after(&self, now: Timestamp, missing: u128) -> Timestamp {
        let wait = quotient_rounded_up(missing, self.rate);
        now.saturating_add(Micros::from_micros(wait))
    }
}

fn product(count: u64, period: Micros) -> u128 {
    u128::product(count, period.as_micros())
}

impl<N: Level> Window for GcraWindow<N> {
    const EMPTY: Self = Self::new(N::ZERO, Timestamp::ZERO, 0, 0);

    #[inline(always)]
    fn can_hold(limit: Limit) -> bool {
        N::has_room_for(limit.amount(), limit.period().as_micros())
    }

    fn expires_at(&self) -> Timestamp {
        let window = self.widened();
        window.after(window.since, window.missing)
    }

    /// Without the division that tells when.
    #[inline(always)]
    fn is_over(&self, now: Timestamp) -> bool {
        self.missing_at(now) == N::ZERO
    }

    fn bring_forward(&mut self, period: Micros, now: Timestamp) {
        if self.is_astray(period, now) {
            self.since = now;
        }
    }
}

impl<N: Level> Decide<Gcra> for GcraWindow<N> {
    type Usage = Self;

    /// O(1), without division.
    #[inline(always)]
    fn acquire(&mut self, hit: Hit) -> (bool, Self) {
        let (limit, now) = (hit.limit(), hit.now());
        let period = limit.period().as_micros();
        let missing = self.missing_at(now);
        let room = N::product(limit.amount(), period).minus(missing);
        let cost = N::product(hit.cost(), period);
        let fits = cost <= room;
        if hit.cost() > 0 && fits {
            let (since, given) = if missing == N::ZERO {
                // A full bucket is one that was never hit, whenever it was filled.
                (now, Self::first_given(now))
            } else {
                (self.refilled_from(limit.period(), now), self.given)
            };
            *self = Self::new(missing.plus(cost), since, limit.amount(), given);
        } else if hit.cost() > 0 {
            self.bring_forward(limit.period(), now);
        }
        (fits, *self)
    }

    fn peek(&self, _hit: Hit) -> Self {
        *self
    }

    /// Takes more in full, up to a whole bucket: what would be beyond that is forgiven, and
    /// not in what it tells. A part of a unit is told as one.
    ///
    /// The window of a hit is over when the bucket is full, and a period after the hit at
    /// the latest.
    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
        let missing = self.missing_at(now);
        if missing == N::ZERO || !self.is_still_that_of(charge, now) {
            return Settled::NOTHING;
        }
        let period = charge.limit().period().as_micros();
        let (missing, given, settled) = if used > charge.cost() {
            let more = used - charge.cost();
            let full = N::product(charge.limit().amount(), period);
            let taken = N::product(more, period).min(full.minus(missing));
            let units = units_in(taken, more, period);
            (missing.plus(taken), 0, Settled::taken(units))
        } else {
            let unused = charge.cost() - used;
            let most = self.still_missing(charge, now).min(missing);
            let back = N::product(unused, period).min(most);
            // Of the last unit a part may have been refilled.
            let units = units_in(back, unused, period);
            (missing.minus(back), units, Settled::given_back(units))
        };
        let given = self.given.wrapping_add(given);
        *self = Self::new(missing, now.max(self.since), self.rate, given);
        settled
    }
}

impl<N: Level> GcraWindow<N> {
    /// Whether the bucket was not full since a charge's hit, as far as can be told.
    fn is_still_that_of(&self, charge: &Charge, now: Timestamp) -> bool {
        let [given_then, since] = charge.mark().numbers();
        let since = Timestamp::from_micros(since);
        // Refilled by a clock that went back: nobody knows how much was.
        let is_behind = self.since < since;
        let is_cleared = self.rate == 0;
        let passed = now.saturating_since(since);
        // If the bucket was full since, the difference is as good as any number.
        let most_given = charge.limit().amount().saturating_mul(1_024);
        let given = self.given.wrapping_sub(given_then);
        let is_over = passed >= charge.limit().period() || given > most_given;
        !(is_behind || is_cleared || is_over)
    }

    /// What of a charge's hit can't have been refilled.
    fn still_missing(&self, charge: &Charge, now: Timestamp) -> N {
        let [given_then, since] = charge.mark().numbers();
        let period = charge.limit().period().as_micros();
        let passed = now.saturating_since(Timestamp::from_micros(since));
        let refilled = N::product(self.rate, passed.as_micros());
        let of_the_hit = N::product(charge.cost(), period).minus(refilled);
        let [upper, lower] = halves(charge.missing());
        let then = N::of_halves(upper, lower).unwrap_or(N::ZERO);
        let given = self.given.wrapping_sub(given_then);
        let of_the_bucket = then.minus(refilled).minus(N::product(given, period));
        of_the_hit.max(of_the_bucket)
    }
}

/// How many units, of at most so many, what is missing is in: a part of one is one.
fn units_in<N: Level>(missing: N, most: u64, period: u64) -> u64 {
    let mut units = 0_u64;
    // By bits, from the top: dividing takes longer on a small core, and more flash.
    for bit in (0..u64::BITS).rev() {
        let more = units | (1 << bit);
        if more <= most && N::product(more, period) <= missing {
            units = more;
        }
    }
    let is_part = N::product(units, period) < missing;
    units + u64::from(is_part && units < most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Decision;

    const LIMIT: Limit = Limit::new(4, Micros::from_secs(2));
    const AT: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn a_full_bucket_has_no_memory_of_a_clock_that_was_ahead() {
        let mut window = GcraWindow::<u64>::new(0, Timestamp::from_secs(1_001), 4, 0);
        let (fits, usage) = window.acquire(Hit::new(LIMIT, 4, AT));
        assert!(fits);
        let next = AT.saturating_add(Micros::from_millis(500));
        assert_eq!(usage.widened().reset_time(LIMIT.period(), AT), next);
    }

    #[test]
    fn callers_whose_clocks_differ_refill_nothing_for_each_other() {
        let mut window = GcraWindow::<u128>::EMPTY;
        let behind = AT.saturating_sub(Micros::from_secs(1));
        assert!(window.acquire(Hit::new(LIMIT, 4, AT)).0);
        for now in [behind, AT].repeat(9) {
            assert!(!window.acquire(Hit::new(LIMIT, 1, now)).0, "{now:?}");
        }
    }

    #[test]
    fn a_bucket_left_more_than_a_period_ahead_is_refilled_from_the_next_hit_on() {
        let mut window = GcraWindow::<u128>::EMPTY;
        let ahead = AT.saturating_add(Micros::from_secs(3_600));
        assert!(window.acquire(Hit::new(LIMIT, 4, ahead)).0);
        assert!(!window.acquire(Hit::new(LIMIT, 1, AT)).0);
        let later = AT.saturating_add(LIMIT.period());
        assert!(window.acquire(Hit::new(LIMIT, 4, later)).0);
    }

    fn charge(window: &mut GcraWindow<u64>, cost: u64) -> Charge {
        let hit = Hit::new(LIMIT, cost, AT);
        let (allowed, usage) = window.acquire(hit);
        let charge = Decision::hit(allowed, hit, usage).charge();
        charge.expect("the units fit")
    }

    fn used(window: &GcraWindow<u64>, now: Timestamp) -> u64 {
        window.widened().used(LIMIT.period(), now)
    }

    #[test]
    fn more_is_taken_in_full_when_the_estimate_is_refilled_and_the_bucket_is_not_full() {
        let mut window = GcraWindow::<u64>::EMPTY;
        let [estimate, others] = [1, 3].map(|cost| charge(&mut window, cost));
        drop(others);
        let now = AT.saturating_add(Micros::from_secs(1));
        assert_eq!(used(&window, now), 2);
        assert_eq!(window.settle(&estimate, 2, now), Settled::taken(1));
        assert_eq!(used(&window, now), 3);
    }

    #[test]
    fn what_is_taken_beyond_a_whole_bucket_is_not_told() {
        let mut window = GcraWindow::<u64>::EMPTY;
        let estimate = charge(&mut window, 3);
        assert_eq!(window.settle(&estimate, u64::MAX, AT), Settled::taken(1));
        assert_eq!(used(&window, AT), 4);
        let mut window = GcraWindow::<u64>::EMPTY;
        let estimate = charge(&mut window, 3);
        // Half a unit has been refilled: there is room for one and a half.
        let now = AT.saturating_add(Micros::from_millis(250));
        assert_eq!(window.settle(&estimate, 9, now), Settled::taken(2));
        assert_eq!(used(&window, now), 4);
    }

    #[test]
    fn nothing_more_is_taken_from_a_bucket_that_is_full_again() {
        let mut window = GcraWindow::<u64>::EMPTY;
        let estimate = charge(&mut window, 1);
        let before = window;
        let now = AT.saturating_add(Micros::from_millis(500));
        assert_eq!(window.settle(&estimate, 3, now), Settled::NOTHING);
        assert_eq!(window, before);
    }

    #[test]
    fn what_a_bucket_holds_that_was_cleared_is_not_settled() {
        // The instant at which the count of units given back begins as in an empty bucket.
        let now = Timestamp::ZERO;
        let hit = Hit::new(LIMIT, 1, now);
        let mut window = GcraWindow::<u64>::EMPTY;
        let (allowed, usage) = window.acquire(hit);
        let charge = Decision::hit(allowed, hit, usage).charge();
        let charge = charge.expect("the bucket was full");
        window = GcraWindow::EMPTY;
        assert_eq!(window.settle(&charge, 3, now), Settled::NOTHING);
        assert_eq!(window, GcraWindow::EMPTY);
    }
}
