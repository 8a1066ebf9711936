use super::number::quotient;
use super::{Charge, Decide, Hit, Kind, Mark, Settled, Window};
use crate::time::{Micros, Timestamp};

/// The kind of [`SlidingWindowCounterRateLimiter`](crate::SlidingWindowCounterRateLimiter):
/// about `amount` units in every interval of one period, from two counters.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SlidingCounter;

impl Kind for SlidingCounter {
    fn name(self) -> &'static str {
        "sliding-window-counter"
    }
}

/// Two counters that approximate a moving window: the state of a sliding window counter.
///
/// The previous window counts by the part of it that the last period still
/// covers: `floor(previous * time_left / period) + current` units are in use.
/// The first window starts at the first admitted hit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SlidingWindow {
    previous: u64,
    current: u64,
    /// The end of the window after the current one, when neither counts any more.
    expires_at: Timestamp,
}

impl SlidingWindow {
    /// Makes a state of `previous` and `current` units whose current window
    /// ends one period before `expires_at`.
    #[must_use]
    pub const fn new(previous: u64, current: u64, expires_at: Timestamp) -> Self {
        Self {
            previous,
            current,
            expires_at,
        }
    }

    /// The units of the window before the current one.
    #[must_use]
    pub const fn previous(&self) -> u64 {
        self.previous
    }

    /// The units of the current window.
    #[must_use]
    pub const fn current(&self) -> u64 {
        self.current
    }

    /// The end of the window after the current one, when neither counts any more.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.expires_at
    }

    /// Moves the state to the window that `now` is in, by however many periods that is.
    ///
    /// A window further away than it can be is one of a clock that has gone back,
    /// and is taken as the window that starts now.
    #[must_use]
    #[inline(always)]
    pub fn advanced(self, period: Micros, now: Timestamp) -> Self {
        if now >= self.expires_at {
            return Self::EMPTY;
        }
        let ends_at = self.ends_at(period);
        if now >= ends_at {
            return self.next(period);
        }
        if ends_at.saturating_since(now) > period {
            let expires_at = now.saturating_add(period).saturating_add(period);
            return Self { expires_at, ..self };
        }
        self
    }

    #[inline(always)]
    pub(super) fn admits(&self, hit: Hit) -> bool {
        self.advanced(hit.limit().period(), hit.now()).fits(hit)
    }

    pub(super) fn used(&self, period: Micros, now: Timestamp) -> u64 {
        let window = self.advanced(period, now);
        window.current.saturating_add(window.weight(period, now))
    }

    pub(super) fn mark(&self) -> Mark {
        self.expires_at.into()
    }

    /// The first instant at which less is in use than now.
    pub(super) fn reset_time(&self, period: Micros, now: Timestamp) -> Timestamp {
        let window = self.advanced(period, now);
        match window.weight(period, now) {
            0 if window.current == 0 => now,
            0 => {
                let falls = window.next(period).falls_below(window.current, period);
                falls.max(window.ends_at(period))
            }
            weight => window.falls_below(weight, period),
        }
    }

    /// The first instant at which the hit, whose cost is at most the amount, fits.
    pub(super) fn retry_at(&self, hit: Hit) -> Timestamp {
        let (period, now) = (hit.limit().period(), hit.now());
        let window = self.advanced(period, now);
        if window.fits(hit) {
            return now;
        }
        let amount = hit.limit().amount();
        let room = |current: u64| amount.checked_sub(current)?.checked_sub(hit.cost());
        let (window, room, begins_at) = match room(window.current) {
            Some(room) => (window, room, now),
            None => {
                let ends_at = window.ends_at(period);
                (window.next(period), room(0).unwrap_or_default(), ends_at)
            }
        };
        // A weight of at most `room` is one below `room + 1`.
        let falls = window.falls_below(room.saturating_add(1), period);
        falls.max(begins_at).max(now)
    }

    /// The first instant at which the previous window weighs less than `weight`, which
    /// is not 0.
    fn falls_below(&self, weight: u64, period: Micros) -> Timestamp {
        // The most time left for which `previous * time_left < weight * period`.
        let product = u128::from(weight) * u128::from(period.as_micros());
        let left = quotient(product - 1, self.previous);
        self.ends_at(period)
            .saturating_sub(Micros::from_micros(left))
    }

    /// The state at the end of the current window.
    const fn next(self, period: Micros) -> Self {
        Self::new(self.current, 0, self.expires_at.saturating_add(period))
    }

    #[inline(always)]
    fn fits(&self, hit: Hit) -> bool {
        let period = hit.limit().period();
        let taken = self.current.checked_add(hit.cost());
        let amount = hit.limit().amount();
        let Some(room) = taken.and_then(|taken| amount.checked_sub(taken)) else {
            return false;
        };
        // floor(previous * left / period) <= room, without the division.
        let left = self.time_left(period, hit.now()).as_micros();
        let Some(above) = room.checked_add(1) else {
            return true;
        };
        product_is_less((self.previous, left), (above, period.as_micros()))
    }

    fn weight(&self, period: Micros, now: Timestamp) -> u64 {
        let left = self.time_left(period, now).as_micros();
        // Not above `previous`, since `left` is not above the period.
        let product = u128::from(self.previous) * u128::from(left);
        quotient(product, period.as_micros())
    }

    /// How much of the current window is to come; all of it for a clock that went back.
    #[inline(always)]
    fn time_left(&self, period: Micros, now: Timestamp) -> Micros {
        self.ends_at(period).saturating_since(now).min(period)
    }

    /// The end of the current window; one that would count beyond the end
    /// of time lasts until then.
    #[inline(always)]
    const fn ends_at(&self, period: Micros) -> Timestamp {
        if self.expires_at.as_micros() == u64::MAX {
            self.expires_at
        } else {
            self.expires_at.saturating_sub(period)
        }
    }
}

impl Window for SlidingWindow {
    const EMPTY: Self = Self::new(0, 0, Timestamp::ZERO);

    #[inline(always)]
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    fn bring_forward(&mut self, period: Micros, now: Timestamp) {
        let latest = now.saturating_add(period).saturating_add(period);
        self.expires_at = self.expires_at.min(latest);
    }
}

impl Decide<SlidingCounter> for SlidingWindow {
    type Usage = Self;

    /// O(1), without division.
    #[inline(always)]
    fn acquire(&mut self, hit: Hit) -> (bool, Self) {
        let period = hit.limit().period();
        let mut window = self.advanced(period, hit.now());
        let fits = window.fits(hit);
        if hit.cost() > 0 {
            if fits {
                if window.previous == 0 && window.current == 0 {
                    window.expires_at = hit.latest_end().saturating_add(period);
                }
                window.current += hit.cost();
                *self = window;
            } else if window.expires_at < self.expires_at {
                *self = window;
            }
        }
        (fits, window)
    }

    fn peek(&self, hit: Hit) -> Self {
        self.advanced(hit.limit().period(), hit.now())
    }

    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled {
        let period = charge.limit().period();
        let mut window = self.advanced(period, now);
        let settled = if charge.is_released_at(window.expires_at) {
            charge.settle_in(&mut window.current, used)
        } else if charge.is_released_at(window.expires_at.saturating_sub(period)) {
            charge.settle_in(&mut window.previous, used)
        } else {
            return Settled::NOTHING;
        };
        if window.previous == 0 && window.current == 0 {
            window = Self::EMPTY;
        }
        *self = window;
        settled
    }
}

/// Whether one product of a count and a span is less than another.
#[inline(always)]
fn product_is_less(left: (u64, u64), right: (u64, u64)) -> bool {
    match (u32::try_from(left.0), u32::try_from(right.0)) {
        (Ok(one), Ok(other)) => product(one, left.1) < product(other, right.1),
        _ => u128::from(left.0) * u128::from(left.1) < u128::from(right.0) * u128::from(right.1),
    }
}

/// Multiplies to 96 bits, upper 64 first: two multiplications of a small core.
#[inline(always)]
fn product(count: u32, span: u64) -> (u64, u32) {
    const LOW: u64 = u32::MAX as u64;
    let (count, low, high) = (u64::from(count), span & LOW, span >> 32);
    let low = count * low;
    // The sum fits: (2^32 - 1)^2 + 2^32 - 1 is below 2^64.
    let high = count * high + (low >> 32);
    (high, u32::try_from(low & LOW).unwrap_or_default())
}
