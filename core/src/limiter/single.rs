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
/// [`TableStorage`](crate::TableStorage). A log of a moving window must have room for
/// the limit's amount; one that has not refuses all.
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
        if !hit.is_possible() {
            return Decision::never(hit);
        }
        let answer = self.with(|window| window.acquire(hit));
        answer.map_or(Decision::never(hit), |(allowed, usage)| {
            Decision::hit(allowed, hit, usage)
        })
    }

    /// Finds out whether a hit of `cost` would pass, and takes nothing.
    pub fn test(&self, cost: u64) -> Decision {
        let hit = Hit::new(self.limit, cost, self.clock.now());
        if !hit.is_possible() {
            return Decision::never(hit);
        }
        let usage = self.with(|window| window.peek(hit));
        usage.map_or(Decision::never(hit), |usage| Decision::test(hit, usage))
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
