/// Makes a counter of 32 bits, which stays at the most it can hold: for windows
/// and slots of firmware, whose storages refuse limits of more.
#[inline]
pub(crate) fn narrow(units: u64) -> u32 {
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// Whether counters of 32 bits can hold so many units.
#[inline(always)]
pub(crate) fn can_count(units: u64) -> bool {
    units <= u32::MAX.into()
}

/// A number that a count times a span fits into: `u128` for all there are, `u64` where
/// a storage refuses those for which it is too narrow.
pub trait Level: Copy + Ord {
    /// Nothing.
    const ZERO: Self;

    /// Whether the number is wide enough for a bucket of a count and a period.
    fn has_room_for(count: u64, micros: u64) -> bool;

    /// A count times a number of microseconds, or the most there is.
    #[must_use]
    fn product(count: u64, micros: u64) -> Self;

    /// The sum, or the most there is.
    #[must_use]
    fn plus(self, other: Self) -> Self;

    /// The difference, or nothing.
    #[must_use]
    fn minus(self, other: Self) -> Self;

    /// The same number, wide enough for any.
    #[must_use]
    fn widened(self) -> u128;

    /// The number of such upper and lower 64 bits, `None` if it is too narrow for it.
    #[must_use]
    fn of_halves(upper: u64, lower: u64) -> Option<Self>;
}

impl Level for u64 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn has_room_for(count: u64, micros: u64) -> bool {
        let full = count.checked_mul(micros);
        full.is_some_and(|full| full < 1 << 63)
    }

    #[inline(always)]
    fn product(count: u64, micros: u64) -> Self {
        count.saturating_mul(micros)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.saturating_sub(other)
    }

    fn widened(self) -> u128 {
        self.into()
    }

    fn of_halves(upper: u64, lower: u64) -> Option<Self> {
        (upper == 0).then_some(lower)
    }
}

impl Level for u128 {
    const ZERO: Self = 0;

    fn has_room_for(_count: u64, _micros: u64) -> bool {
        true
    }

    #[inline(always)]
    fn product(count: u64, micros: u64) -> Self {
        // Two factors of 64 bits: the product fits.
        Self::from(count) * Self::from(micros)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.saturating_sub(other)
    }

    fn widened(self) -> u128 {
        self
    }

    fn of_halves(upper: u64, lower: u64) -> Option<Self> {
        Some(Self::from(upper) << 64 | Self::from(lower))
    }
}

/// The upper and the lower 64 bits of a number.
pub(super) fn halves(number: u128) -> [u64; 2] {
    let half = |number: u128| u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default();
    [half(number >> 64), half(number)]
}

/// What is left of a quotient without its fraction, or the most there is.
///
/// One for all windows, and never in line: on a small core the division of 128 bits is a
/// kilobyte.
#[inline(never)]
pub(super) fn quotient(number: u128, divisor: u64) -> u64 {
    let divisor = divisor.max(1);
    match u64::try_from(number) {
        Ok(number) => number / divisor,
        Err(_) => u64::try_from(number / u128::from(divisor)).unwrap_or(u64::MAX),
    }
}

/// A quotient rounded up, or the most there is.
pub(super) fn quotient_rounded_up(number: u128, divisor: u64) -> u64 {
    quotient(
        number.saturating_add(divisor.saturating_sub(1).into()),
        divisor,
    )
}
