//! The rate limiters: a storage, a clock and a strategy behind one type.

// What lies between a hit and the arithmetic of its window is `inline(always)`,
// here and in `storage` and `memory`. Each layer is a line or two, but a compiler
// that optimises for size calls each of them and copies keys, futures and
// decisions through memory: on a Cortex-M that makes 800 instructions of 250.

mod answer;
mod blockable;
mod fixed;
mod moving;
mod reservation;
mod sliding;

pub use blockable::{BlockList, Blockable};
pub use fixed::{Elastic, Fixed};
pub use moving::Moving;
pub use reservation::Reservation;
pub use sliding::SlidingCounter;

use crate::decision::{Decision, WindowStats};
use crate::item::{Limit, RateLimitItem};
use crate::key::{Identifiers, Key};
use crate::storage::Storage;
use crate::time::{Clock, Timestamp};
use answer::Answer;
pub use answer::IntoDecision;

/// Limits to `amount` hits per window that starts at the first hit.
///
/// The cheapest strategy; up to twice the amount can pass around the end of a window.
pub type FixedWindowRateLimiter<S, C> = RateLimiter<Fixed, S, C>;

/// Limits to `amount` hits per window, and every hit, a refused one included,
/// starts the window's time anew: who keeps hitting stays refused.
///
/// So no interval of one period passes more than the amount.
pub type FixedWindowElasticExpiryRateLimiter<S, C> = RateLimiter<Elastic, S, C>;

/// Limits to `amount` hits in every interval of one period, exactly.
///
/// Keeps up to `amount` instants per key.
pub type MovingWindowRateLimiter<S, C> = RateLimiter<Moving, S, C>;

/// Limits to about `amount` hits in every interval of one period, from two counters.
///
/// Counts the previous window by the share of it that the last period still
/// covers, as if its hits had been spread evenly. When they came at its end, an
/// interval of one period can pass up to twice the amount.
pub type SlidingWindowCounterRateLimiter<S, C> = RateLimiter<SlidingCounter, S, C>;

/// How a limiter decides: which calls it makes to a storage.
#[diagnostic::on_unimplemented(
    message = "`{S}` keeps no windows of the kind that `{Self}` needs",
    label = "this storage can't be used with this strategy",
    note = "`Fixed` and `Elastic` need `FixedWindowSupport`, `Moving` needs \
            `MovingWindowSupport`, `SlidingCounter` needs `SlidingWindowCounterSupport`"
)]
pub trait Strategy<S: Storage> {
    /// Takes `cost` units, at most the limit's amount, if they fit. One storage call.
    fn acquire(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send;

    /// Finds out whether `cost` units fit. One storage call.
    fn peek(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send;
}

/// Decides hits on limits, by a strategy `W`, in a storage `S`, by a clock `C`.
///
/// Named by strategy: [`FixedWindowRateLimiter`],
/// [`FixedWindowElasticExpiryRateLimiter`], [`MovingWindowRateLimiter`],
/// [`SlidingWindowCounterRateLimiter`]. It costs nothing to make and keeps
/// nothing itself; any number of them may share a storage, given the same clock.
///
/// Each call makes one call to the storage. A storage in memory does its work
/// when the method is called, others when the future is polled; dropping a
/// future leaves the storage as before the hit or as after it.
///
/// ```
/// use limits_core::{
///     FixedWindow, FixedWindowRateLimiter, ManualClock, MemoryStorage, RateLimitItem, poll_once,
/// };
/// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
///
/// let storage = MemoryStorage::<NoopRawMutex, u16, FixedWindow, 8>::new();
/// let limiter = FixedWindowRateLimiter::with_clock(&storage, ManualClock::default());
/// let item = RateLimitItem::per_minute(1);
///
/// let first = poll_once(limiter.hit(&item, 7_u16, 1)).expect("memory never waits")?;
/// assert!(first.allowed());
/// let second = poll_once(limiter.hit(&item, 7_u16, 1)).expect("memory never waits")?;
/// assert!(!second.allowed());
/// assert_eq!(second.retry_after().map(|wait| wait.as_secs()), Some(60));
/// # Ok::<(), limits_core::MemoryError>(())
/// ```
///
/// A storage that keeps no windows of the right kind is refused by the compiler:
///
/// ```compile_fail,E0277
/// use limits_core::{FixedWindow, ManualClock, MemoryStorage, MovingWindowRateLimiter};
/// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
///
/// let storage = MemoryStorage::<NoopRawMutex, u16, FixedWindow, 8>::new();
/// let limiter = MovingWindowRateLimiter::with_clock(&storage, ManualClock::default());
/// ```
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RateLimiter<W, S, C> {
    strategy: W,
    storage: S,
    clock: C,
}

impl<W: Default + Strategy<S>, S: Storage, C: Clock + Default> RateLimiter<W, S, C> {
    /// Makes a limiter over `storage`, by the default clock of this type.
    #[must_use]
    pub fn new(storage: S) -> Self {
        Self::with_clock(storage, C::default())
    }
}

impl<W: Default + Strategy<S>, S: Storage, C: Clock> RateLimiter<W, S, C> {
    /// Makes a limiter over `storage` that reads the time from `clock`.
    #[must_use]
    pub fn with_clock(storage: S, clock: C) -> Self {
        Self::with_strategy(W::default(), storage, clock)
    }
}

impl<W: Strategy<S>, S: Storage, C: Clock> RateLimiter<W, S, C> {
    /// Makes a limiter that decides by `strategy`.
    pub const fn with_strategy(strategy: W, storage: S, clock: C) -> Self {
        Self {
            strategy,
            storage,
            clock,
        }
    }

    /// Takes `cost` units from the limit of `identifiers`, if they are left.
    ///
    /// A refused hit takes nothing. A cost above the limit's amount is refused
    /// without asking the storage; a cost of 0 takes nothing and passes exactly
    /// when the limit is not exceeded.
    ///
    /// # Errors
    ///
    /// The storage's, when it can't decide. Being refused is not an error.
    #[inline(always)]
    pub fn hit<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        self.hit_at(item, identifiers, cost, self.clock.now())
    }

    /// As [`hit`](Self::hit), for a caller who has read this limiter's clock already.
    ///
    /// # Errors
    ///
    /// As [`hit`](Self::hit).
    #[inline(always)]
    pub fn hit_at<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        let limit = item.limit();
        let key = item.key_for(identifiers);
        let possible = cost <= limit.amount();
        let call = possible.then(|| self.strategy.acquire(&self.storage, key, limit, cost, now));
        Answer::new(call, limit, cost, now)
    }

    /// Tells whether a hit of `cost` would pass, and takes nothing.
    ///
    /// # Errors
    ///
    /// As [`hit`](Self::hit).
    #[inline(always)]
    pub fn test<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        self.test_at(item, identifiers, cost, self.clock.now())
    }

    /// As [`test`](Self::test), for a caller who has read this limiter's clock already.
    ///
    /// # Errors
    ///
    /// As [`hit`](Self::hit).
    #[inline(always)]
    pub fn test_at<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        let limit = item.limit();
        let key = item.key_for(identifiers);
        let possible = cost <= limit.amount();
        let call = possible.then(|| self.strategy.peek(&self.storage, key, limit, cost, now));
        Answer::new(call, limit, cost, now)
    }

    /// Tells what is left for `identifiers` and when the window resets, in one
    /// storage call. A [`Decision`] has told it already.
    ///
    /// # Errors
    ///
    /// As [`hit`](Self::hit).
    pub fn get_window_stats<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
    ) -> impl Future<Output = Result<WindowStats, S::Error>> + Send {
        let test = self.test(item, identifiers, 0);
        async move { Ok(test.await?.stats()) }
    }

    /// Forgets what was taken from the limit of `identifiers`, in one storage call.
    ///
    /// # Errors
    ///
    /// The storage's.
    pub fn clear<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
    ) -> impl Future<Output = Result<(), S::Error>> + Send {
        self.storage.clear(item.key_for(identifiers))
    }

    /// Tells the storage, for `check` and `reset`.
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// Tells the clock that instants in this limiter's answers are of.
    pub const fn clock(&self) -> &C {
        &self.clock
    }
}
