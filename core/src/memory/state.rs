//! How windows lie in the slots of a table.

use super::{FixedLog, MemoryError};
use crate::item::Limit;
use crate::time::Timestamp;
use crate::window::{
    AirtimeWindow, FixedWindow, MovingUsage, MovingWindow, SlidingWindow, Window, narrow,
};

/// A kind of window that a [`MemoryStorage`](super::MemoryStorage) can keep.
pub trait TableWindow {
    /// What lies in a slot.
    type State: Send;

    /// The state of a key that was never hit.
    const EMPTY: Self::State;

    /// Tells when a state is over and equals [`EMPTY`](Self::EMPTY).
    fn expires_at(state: &Self::State) -> Timestamp;

    /// Tells whether something will still be settled with the state as it is.
    fn is_reserved(_state: &Self::State) -> bool {
        false
    }

    /// Makes a state as good as [`EMPTY`](Self::EMPTY), by writing as little as that takes.
    fn clear(state: &mut Self::State) {
        *state = Self::EMPTY;
    }
}

/// A kind of window that keeps the units of the last period.
pub trait TableMovingWindow: TableWindow<State = Self> {
    /// Tells whether a limit is within what the window can count.
    fn can_hold(limit: Limit) -> bool;

    /// Takes `cost` units if they fit; tells whether they did and how it stands now.
    ///
    /// # Errors
    ///
    /// The window has no room for what the limit admits.
    fn acquire(
        &mut self,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<(bool, MovingUsage), MemoryError>;

    /// Tells how the window stands for `cost`.
    fn usage(&self, limit: Limit, cost: u64, now: Timestamp) -> MovingUsage;
}

/// Counters in slots have 32 bits.
#[inline(always)]
pub(super) fn can_count(amount: u64) -> bool {
    amount <= u32::MAX.into()
}

/// An instant that needs no more than the alignment of a word.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Instant {
    low: u32,
    high: u32,
}

impl Instant {
    pub(super) const ZERO: Self = Self { low: 0, high: 0 };

    #[inline]
    pub(super) fn of(instant: Timestamp) -> Self {
        let micros = instant.as_micros();
        Self {
            low: narrow(micros & u64::from(u32::MAX)),
            high: narrow(micros >> 32),
        }
    }

    #[inline]
    pub(super) fn get(self) -> Timestamp {
        Timestamp::from_micros((u64::from(self.high) << 32) | u64::from(self.low))
    }
}

/// A fixed window in 12 bytes.
#[derive(Clone, Copy, Debug)]
pub struct FixedState {
    count: u32,
    expires_at: Instant,
}

impl From<FixedWindow> for FixedState {
    fn from(window: FixedWindow) -> Self {
        Self {
            count: narrow(window.units()),
            expires_at: Instant::of(window.expires_at()),
        }
    }
}

impl From<FixedState> for FixedWindow {
    fn from(state: FixedState) -> Self {
        Self::new(state.count.into(), state.expires_at.get())
    }
}

impl TableWindow for FixedWindow {
    type State = FixedState;

    const EMPTY: FixedState = FixedState {
        count: 0,
        expires_at: Instant::ZERO,
    };

    fn expires_at(state: &FixedState) -> Timestamp {
        state.expires_at.get()
    }
}

/// A sliding window in 16 bytes.
#[derive(Clone, Copy, Debug)]
pub struct SlidingState {
    previous: u32,
    current: u32,
    expires_at: Instant,
}

impl From<SlidingWindow> for SlidingState {
    fn from(window: SlidingWindow) -> Self {
        Self {
            previous: narrow(window.previous()),
            current: narrow(window.current()),
            expires_at: Instant::of(window.expires_at()),
        }
    }
}

impl From<SlidingState> for SlidingWindow {
    fn from(state: SlidingState) -> Self {
        Self::new(
            state.previous.into(),
            state.current.into(),
            state.expires_at.get(),
        )
    }
}

impl TableWindow for SlidingWindow {
    type State = SlidingState;

    const EMPTY: SlidingState = SlidingState {
        previous: 0,
        current: 0,
        expires_at: Instant::ZERO,
    };

    fn expires_at(state: &SlidingState) -> Timestamp {
        state.expires_at.get()
    }
}

impl<const L: usize> TableWindow for MovingWindow<FixedLog<L>> {
    type State = Self;

    const EMPTY: Self = <Self as Window>::EMPTY;

    fn expires_at(state: &Self) -> Timestamp {
        state.log().newest_released_at()
    }

    fn clear(state: &mut Self) {
        state.clear();
    }
}

impl<const L: usize> TableMovingWindow for MovingWindow<FixedLog<L>> {
    #[inline(always)]
    fn can_hold(limit: Limit) -> bool {
        FixedLog::<L>::is_enough_for(limit)
    }

    #[inline(always)]
    fn acquire(
        &mut self,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<(bool, MovingUsage), MemoryError> {
        self.acquire(limit, cost, now)
    }

    fn usage(&self, limit: Limit, cost: u64, now: Timestamp) -> MovingUsage {
        self.usage(limit, cost, now)
    }
}

impl<const B: usize> TableWindow for AirtimeWindow<B> {
    type State = Self;

    const EMPTY: Self = <Self as Window>::EMPTY;

    fn expires_at(state: &Self) -> Timestamp {
        Window::expires_at(state)
    }

    fn is_reserved(state: &Self) -> bool {
        state.is_reserved()
    }

    fn clear(state: &mut Self) {
        state.clear();
    }
}

impl<const B: usize> TableMovingWindow for AirtimeWindow<B> {
    fn can_hold(limit: Limit) -> bool {
        can_count(limit.amount())
    }

    fn acquire(
        &mut self,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<(bool, MovingUsage), MemoryError> {
        Ok(self.acquire(limit, cost, now))
    }

    fn usage(&self, limit: Limit, cost: u64, now: Timestamp) -> MovingUsage {
        self.usage(limit, cost, now)
    }
}
