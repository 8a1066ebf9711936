use core::cell::RefCell;
use core::fmt;
use core::marker::PhantomData;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;

use crate::decision::Decision;
use crate::item::Limit;
use crate::time::{Clock, Timestamp};
use crate::window::{Charge, Decide, Hit, Kind, Settled, Usage, Window};

/// One limit without keys: a window of kind `K` in a static, by a clock `C`.
///
/// Calls don't wait and can't fail. `M` says who may share it, as for a
/// [`TableStorage`](crate::TableStorage). A limit beyond what the window can
/// [hold](Window::can_hold) refuses all: a log of a moving window must have room for the
/// limit's amount.
///
/// ```
/// use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
/// use limits_core::window::Gcra;
/// use limits_core::{GcraWindow, Limit, ManualClock, Micros, Single, Timestamp};
///
/// static CLOCK: ManualClock = ManualClock::new(Timestamp::ZERO);
/// /// 5 per 100 ms.
/// static LINES: Single<CriticalSectionRawMutex, Gcra, GcraWindow<u64>, &ManualClock> =
///     Single::new(Limit::new(5, Micros::from_millis(100)), &CLOCK);
///
/// assert!(LINES.hit(5).allowed());
/// assert_eq!(LINES.hit(1).retry_after().map(|wait| wait.as_millis()), Some(20));
/// ```
pub struct Single<M: RawMutex, K, W, C> {
    limit: Limit,
    clock: C,
    kind: PhantomData<K>,
    window: Mutex<M, RefCell<W>>,
}

impl<M: RawMutex, K, W: Window, C> Single<M, K, W, C> {
    /// Makes a limit of which nothing is taken.
    #[must_use]
    pub const fn new(limit: Limit, clock: C) -> Self {
        Self {
            limit,
            clock,
            kind: PhantomData,
            window: Mutex::new(RefCell::new(W::EMPTY)),
        }
    }
}

impl<M, K, W, C> Single<M, K, W, C>
where
    M: RawMutex,
    K: Kind,
    W: Decide<K, Usage: Into<Usage>>,
    C: Clock,
{
    /// Takes `cost` units, if they are left.
    pub fn hit(&self, cost: u64) -> Decision {
        self.hit_at(cost, self.clock.now())
    }

    /// As [`hit`](Self::hit), for a caller who has read the clock already.
    pub fn hit_at(&self, cost: u64, now: Timestamp) -> Decision {
        let hit = Hit::new(self.limit, cost, now);
        if let Some(refusal) = self.refusal(hit) {
            return refusal;
        }
        let answer = self.with(|window| window.acquire(hit));
        answer.map_or_else(
            || Self::closed(hit),
            |(allowed, usage)| Decision::hit(allowed, hit, usage),
        )
    }

    /// Finds out whether a hit of `cost` would pass, and takes nothing.
    pub fn test(&self, cost: u64) -> Decision {
        let hit = Hit::new(self.limit, cost, self.clock.now());
        if let Some(refusal) = self.refusal(hit) {
            return refusal;
        }
        let usage = self.with(|window| window.peek(hit));
        usage.map_or_else(|| Self::closed(hit), |usage| Decision::test(hit, usage))
    }

    /// Makes the window as if the hit of `charge` had cost `used` units.
    pub fn settle(&self, charge: &Charge, used: u64) -> Settled {
        let now = self.clock.now();
        let settled = self.with(|window| window.settle(charge, used, now));
        settled.unwrap_or_default()
    }

    /// Forgets what was taken.
    pub fn clear(&self) {
        // Nothing that runs under the lock calls this limit.
        let _ = self.with(|window| *window = W::EMPTY);
    }

    /// The answer to a hit that no window is asked about.
    #[inline(always)]
    fn refusal(&self, hit: Hit) -> Option<Decision> {
        if !hit.is_possible() {
            Some(Decision::never(hit))
        } else if !W::can_hold(self.limit) {
            Some(Self::closed(hit))
        } else {
            None
        }
    }

    fn closed(hit: Hit) -> Decision {
        let never = Timestamp::from_micros(u64::MAX);
        Decision::hit(false, hit, Usage::Blocked(never))
    }

    fn with<T>(&self, work: impl FnOnce(&mut W) -> T) -> Option<T> {
        self.window
            .lock(|window| Some(work(&mut *window.try_borrow_mut().ok()?)))
    }
}

impl<M: RawMutex, K, W, C> fmt::Debug for Single<M, K, W, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Single")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use embassy_sync::blocking_mutex::raw::NoopRawMutex;

    use super::*;
    use crate::table::FixedLog;
    use crate::time::{ManualClock, Micros};
    use crate::window::{Gcra, GcraWindow, Moving, MovingWindow};

    #[test]
    fn a_limit_beyond_the_room_of_its_log_refuses_all() {
        let limit = Limit::new(5, Micros::from_secs(60));
        let single = Single::<NoopRawMutex, Moving, MovingWindow<FixedLog<3>>, _>::new(
            limit,
            ManualClock::default(),
        );
        assert!(!single.hit(1).allowed());
        assert!(!single.test(1).allowed());
    }

    #[test]
    fn a_limit_beyond_the_numbers_of_its_bucket_refuses_all() {
        let limit = Limit::new(1_000_000_000, Micros::from_secs(86_400));
        let single =
            Single::<NoopRawMutex, Gcra, GcraWindow<u64>, _>::new(limit, ManualClock::default());
        assert!(!single.hit(1_000_000_000).allowed());
    }
}
