//! How windows lie in the slots of a table.

use super::FixedLog;
use crate::item::Limit;
use crate::time::Timestamp;
use crate::window::{
    AirtimeWindow, FixedWindow, GcraWindow, MovingWindow, SlidingWindow, Window, can_count, narrow,
};

/// A window that a [`TableStorage`](super::TableStorage) can keep.
///
/// What lies in a slot may be smaller than what decides; a window of your own is its own
/// `State`, and [reads](Self::read) and [updates](Self::update) it as it is.
pub trait TableWindow: Window {
    /// What lies in a slot.
    type State: Send;

    /// The state of a key that was never hit.
    const FRESH: Self::State;

    /// Whether a slot counts as far as a limit needs: less than the window may.
    #[must_use]
    #[inline(always)]
    fn fits_slot(limit: Limit) -> bool {
        Self::can_hold(limit)
    }

    /// Works on the window in a slot.
    fn read<T>(state: &Self::State, read: impl FnOnce(&Self) -> T) -> T;

    /// Changes the window in a slot.
    fn update<T>(state: &mut Self::State, update: impl FnOnce(&mut Self) -> T) -> T;

    /// Whether the window in a slot is over, so that the slot is free.
    #[inline(always)]
    fn is_free(state: &Self::State, now: Timestamp) -> bool {
        Self::read(state, |window| window.is_over(now))
    }

    /// Whether something will still be settled with the state as it is.
    fn is_reserved(_state: &Self::State) -> bool {
        false
    }

    /// Makes a state as good as [`FRESH`](Self::FRESH), by writing as little as that takes.
    #[inline(always)]
    fn clear(state: &mut Self::State) {
        *state = Self::FRESH;
    }
}

/// A number of 64 bits that needs no more than the alignment of a word.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Packed {
    low: u32,
    high: u32,
}

impl Packed {
    pub(super) const ZERO: Self = Self { low: 0, high: 0 };

    #[inline(always)]
    pub(super) fn number(number: u64) -> Self {
        Self {
            low: narrow(number & u64::from(u32::MAX)),
            high: narrow(number >> 32),
        }
    }

    #[inline(always)]
    pub(super) fn of(instant: Timestamp) -> Self {
        Self::number(instant.as_micros())
    }

    #[inline(always)]
    pub(super) fn as_number(self) -> u64 {
        (u64::from(self.high) << 32) | u64::from(self.low)
    }

    #[inline(always)]
    pub(super) fn get(self) -> Timestamp {
        Timestamp::from_micros(self.as_number())
    }
}

/// A window that is kept in fewer bytes than it decides in.
trait Pack: Window + Copy {
    type Packed: Copy;

    fn pack(self) -> Self::Packed;

    fn unpack(packed: Self::Packed) -> Self;
}

/// A fixed window in 12 bytes.
#[derive(Clone, Copy, Debug)]
pub struct PackedFixed {
    count: u32,
    expires_at: Packed,
}

impl Pack for FixedWindow {
    type Packed = PackedFixed;

    #[inline(always)]
    fn pack(self) -> PackedFixed {
        PackedFixed {
            count: narrow(self.units()),
            expires_at: Packed::of(self.end()),
        }
    }

    #[inline(always)]
    fn unpack(packed: PackedFixed) -> Self {
        Self::new(packed.count.into(), packed.expires_at.get())
    }
}

/// A sliding window in 16 bytes.
#[derive(Clone, Copy, Debug)]
pub struct PackedSliding {
    previous: u32,
    current: u32,
    expires_at: Packed,
}

impl Pack for SlidingWindow {
    type Packed = PackedSliding;

    #[inline(always)]
    fn pack(self) -> PackedSliding {
        PackedSliding {
            previous: narrow(self.previous()),
            current: narrow(self.current()),
            expires_at: Packed::of(self.end()),
        }
    }

    #[inline(always)]
    fn unpack(packed: PackedSliding) -> Self {
        let (previous, current) = (packed.previous.into(), packed.current.into());
        Self::new(previous, current, packed.expires_at.get())
    }
}

/// A bucket in 28 bytes.
#[derive(Clone, Copy, Debug)]
pub struct PackedGcra {
    missing: Packed,
    since: Packed,
    rate: u32,
    given: Packed,
}

impl Pack for GcraWindow<u64> {
    type Packed = PackedGcra;

    #[inline(always)]
    fn pack(self) -> PackedGcra {
        PackedGcra {
            missing: Packed::number(self.missing()),
            since: Packed::of(self.since()),
            rate: narrow(self.rate()),
            given: Packed::number(self.given()),
        }
    }

    #[inline(always)]
    fn unpack(packed: PackedGcra) -> Self {
        let (missing, given) = (packed.missing.as_number(), packed.given.as_number());
        Self::new(missing, packed.since.get(), packed.rate.into(), given)
    }
}

#[inline(always)]
fn read<W: Pack, T>(packed: &W::Packed, read: impl FnOnce(&W) -> T) -> T {
    read(&W::unpack(*packed))
}

#[inline(always)]
fn update<W: Pack, T>(packed: &mut W::Packed, update: impl FnOnce(&mut W) -> T) -> T {
    let mut window = W::unpack(*packed);
    let answer = update(&mut window);
    *packed = window.pack();
    answer
}

impl TableWindow for FixedWindow {
    type State = PackedFixed;

    const FRESH: PackedFixed = PackedFixed {
        count: 0,
        expires_at: Packed::ZERO,
    };

    #[inline(always)]
    fn fits_slot(limit: Limit) -> bool {
        can_count(limit.amount())
    }

    #[inline(always)]
    fn read<T>(state: &PackedFixed, work: impl FnOnce(&Self) -> T) -> T {
        read(state, work)
    }

    #[inline(always)]
    fn update<T>(state: &mut PackedFixed, work: impl FnOnce(&mut Self) -> T) -> T {
        update(state, work)
    }

    #[inline(always)]
    fn clear(state: &mut PackedFixed) {
        state.expires_at = Packed::ZERO;
    }
}

impl TableWindow for SlidingWindow {
    type State = PackedSliding;

    const FRESH: PackedSliding = PackedSliding {
        previous: 0,
        current: 0,
        expires_at: Packed::ZERO,
    };

    #[inline(always)]
    fn fits_slot(limit: Limit) -> bool {
        can_count(limit.amount())
    }

    #[inline(always)]
    fn read<T>(state: &PackedSliding, work: impl FnOnce(&Self) -> T) -> T {
        read(state, work)
    }

    #[inline(always)]
    fn update<T>(state: &mut PackedSliding, work: impl FnOnce(&mut Self) -> T) -> T {
        update(state, work)
    }

    #[inline(always)]
    fn clear(state: &mut PackedSliding) {
        state.expires_at = Packed::ZERO;
    }
}

impl TableWindow for GcraWindow<u64> {
    type State = PackedGcra;

    const FRESH: PackedGcra = PackedGcra {
        missing: Packed::ZERO,
        since: Packed::ZERO,
        rate: 0,
        given: Packed::ZERO,
    };

    #[inline(always)]
    fn fits_slot(limit: Limit) -> bool {
        can_count(limit.amount()) && Self::can_hold(limit)
    }

    #[inline(always)]
    fn read<T>(state: &PackedGcra, work: impl FnOnce(&Self) -> T) -> T {
        read(state, work)
    }

    #[inline(always)]
    fn update<T>(state: &mut PackedGcra, work: impl FnOnce(&mut Self) -> T) -> T {
        update(state, work)
    }

    #[inline(always)]
    fn clear(state: &mut PackedGcra) {
        state.missing = Packed::ZERO;
        // Nothing can be settled with it any more.
        state.rate = 0;
    }
}

impl<const L: usize> TableWindow for MovingWindow<FixedLog<L>> {
    type State = Self;

    const FRESH: Self = Self::EMPTY;

    #[inline(always)]
    fn read<T>(state: &Self, read: impl FnOnce(&Self) -> T) -> T {
        read(state)
    }

    #[inline(always)]
    fn update<T>(state: &mut Self, update: impl FnOnce(&mut Self) -> T) -> T {
        update(state)
    }

    #[inline(always)]
    fn is_free(state: &Self, now: Timestamp) -> bool {
        state.log().newest_released_at() <= now
    }

    fn clear(state: &mut Self) {
        state.clear();
    }
}

impl<const B: usize> TableWindow for AirtimeWindow<B> {
    type State = Self;

    const FRESH: Self = Self::EMPTY;

    fn read<T>(state: &Self, read: impl FnOnce(&Self) -> T) -> T {
        read(state)
    }

    fn update<T>(state: &mut Self, update: impl FnOnce(&mut Self) -> T) -> T {
        update(state)
    }

    fn is_reserved(state: &Self) -> bool {
        state.is_reserved()
    }

    fn clear(state: &mut Self) {
        state.clear();
    }
}
