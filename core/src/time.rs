//! Instants, spans and the clocks that tell them.

use core::time::Duration;

#[cfg(not(target_has_atomic = "64"))]
use core::cell::Cell;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(target_has_atomic = "64"))]
use embassy_sync::blocking_mutex::{Mutex, raw::CriticalSectionRawMutex};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// A span of time in whole microseconds, from 0 to 584,542 years.
///
/// One word on a 64-bit machine and two on a microcontroller, with no division
/// anywhere: [`Duration`] is for the edge of a program.
///
/// ```
/// use limits_core::Micros;
///
/// assert_eq!(Micros::from_millis(1_500).as_micros(), 1_500_000);
/// assert_eq!(Micros::from_secs(u64::MAX), Micros::MAX);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Micros(u64);

impl Micros {
    /// The longest span.
    pub const MAX: Self = Self(u64::MAX);
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Makes a span of so many microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Makes a span of so many milliseconds; one too long becomes [`Self::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Makes a span of so many seconds; one too long becomes [`Self::MAX`].
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(MICROS_PER_SECOND))
    }

    /// Tells the microseconds of this span.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Converts to the standard type, which costs divisions.
    #[must_use]
    pub const fn to_duration(self) -> Duration {
        Duration::from_micros(self.0)
    }
}

impl From<Duration> for Micros {
    /// Drops what is finer than a microsecond; a span too long becomes [`Micros::MAX`].
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}

/// An instant: microseconds since the epoch of the clock that told it.
///
/// That epoch is 1970-01-01 UTC on a server and the boot on a microcontroller.
/// Instants of different clocks don't compare.
///
/// ```
/// use limits_core::{Micros, Timestamp};
///
/// let start = Timestamp::from_micros(5);
/// let end = start.saturating_add(Micros::from_micros(10));
/// assert_eq!(end.saturating_since(start), Micros::from_micros(10));
/// assert_eq!(start.saturating_since(end), Micros::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch itself.
    pub const ZERO: Self = Self(0);

    /// Makes the instant so many microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Makes the instant so many seconds after the epoch, or the last one there is.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(Micros::from_secs(secs).as_micros())
    }

    /// Tells the microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Tells the span since the epoch, in the standard type.
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        Duration::from_micros(self.0)
    }

    /// Moves later by `span`, at most to the last instant.
    #[must_use]
    pub const fn saturating_add(self, span: Micros) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Moves earlier by `span`, at most to the epoch.
    #[must_use]
    pub const fn saturating_sub(self, span: Micros) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// Tells the span since `earlier`, nothing if `earlier` is in fact later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

/// A source of instants.
///
/// It should never go back; if it does, windows stay as late as they were and
/// no limit admits more than the step allows.
pub trait Clock {
    /// Tells the instant.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// A clock that moves only when told to: for tests, and for programs that read
/// the time once and decide many times.
///
/// ```
/// use limits_core::{Clock, ManualClock, Micros, Timestamp};
///
/// let clock = ManualClock::new(Timestamp::from_secs(100));
/// clock.advance(Micros::from_secs(1));
/// assert_eq!(clock.now(), Timestamp::from_secs(101));
/// ```
#[derive(Debug, Default)]
pub struct ManualClock(Cell64);

impl ManualClock {
    /// Makes a clock that stands at `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self(Cell64::new(now.0))
    }

    /// Puts the clock to `now`, forward or back.
    pub fn set(&self, now: Timestamp) {
        self.0.update(|_| now.0);
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Micros) {
        self.0.update(|now| now.saturating_add(span.0));
    }

    /// Moves the clock back.
    pub fn rewind(&self, span: Micros) {
        self.0.update(|now| now.saturating_sub(span.0));
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for ManualClock {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "ManualClock({})", self.0.get());
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.get())
    }
}

#[cfg(target_has_atomic = "64")]
#[derive(Debug, Default)]
struct Cell64(AtomicU64);

#[cfg(target_has_atomic = "64")]
impl Cell64 {
    const fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn update(&self, next: impl Fn(u64) -> u64) {
        // The closure always returns `Some`, so there is no error to handle.
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| Some(next(now)));
    }
}

#[cfg(not(target_has_atomic = "64"))]
#[derive(Debug)]
struct Cell64(Mutex<CriticalSectionRawMutex, Cell<u64>>);

#[cfg(not(target_has_atomic = "64"))]
impl Default for Cell64 {
    fn default() -> Self {
        Self::new(0)
    }
}

#[cfg(not(target_has_atomic = "64"))]
impl Cell64 {
    const fn new(value: u64) -> Self {
        Self(Mutex::new(Cell::new(value)))
    }

    fn get(&self) -> u64 {
        self.0.lock(Cell::get)
    }

    fn update(&self, next: impl Fn(u64) -> u64) {
        self.0.lock(|cell| cell.set(next(cell.get())));
    }
}
