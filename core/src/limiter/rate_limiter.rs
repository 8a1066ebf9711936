use super::answer::Answer;
use super::{Asks, Decisions};
use crate::decision::{Decision, WindowStats};
use crate::item::RateLimitItem;
use crate::key::Identifiers;
use crate::storage::{Ask, Keeps};
use crate::time::{Clock, Timestamp};
use crate::window::{Airtime, Charge, Elastic, Fixed, Gcra, Kind, Moving, Settled, SlidingCounter};

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

/// Limits to `amount` hits at once and `amount` per period after that: a bucket of so
/// many tokens that refills evenly.
///
/// Keeps one instant per key, and releases a unit at a time. An interval of one period
/// can pass up to twice the amount.
pub type GcraRateLimiter<S, C> = RateLimiter<Gcra, S, C>;

/// Limits to `amount` units in every interval of one period, in bounded memory: for
/// [`AirtimeWindow`](crate::AirtimeWindow)s.
pub type AirtimeRateLimiter<S, C> = RateLimiter<Airtime, S, C>;

/// Decides hits on limits, by a strategy `K`, in a storage `S`, by a clock `C`.
///
/// Named by strategy: [`FixedWindowRateLimiter`],
/// [`FixedWindowElasticExpiryRateLimiter`], [`MovingWindowRateLimiter`],
/// [`SlidingWindowCounterRateLimiter`], [`GcraRateLimiter`]. It costs nothing to make and
/// keeps nothing itself; any number of them may share a storage, given the same clock.
///
/// Each call makes one call to the storage, when its future is polled; but the core's own
/// storages do their work when the method is called, except for several limits and for
/// reservations. Dropping a future leaves the storage as before the hit or as after it; of
/// several limits that a storage decides on in turn, some may stay taken.
///
/// ```
/// use limits_core::{
///     FixedWindow, FixedWindowRateLimiter, ManualClock, RateLimitItem, TableStorage, poll_once,
/// };
/// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
///
/// let storage = TableStorage::<NoopRawMutex, u16, FixedWindow, 8>::new();
/// let limiter = FixedWindowRateLimiter::with_clock(&storage, ManualClock::default());
/// let item = RateLimitItem::per_minute(1);
///
/// let first = poll_once(limiter.hit(&item, 7_u16, 1)).expect("a table never waits")?;
/// assert!(first.allowed());
/// let second = poll_once(limiter.hit(&item, 7_u16, 1)).expect("a table never waits")?;
/// assert!(!second.allowed());
/// assert_eq!(second.retry_after().map(|wait| wait.as_secs()), Some(60));
/// # Ok::<(), limits_core::TableError>(())
/// ```
///
/// A storage that keeps no windows of the right kind is refused by the compiler:
///
/// ```compile_fail,E0277
/// use limits_core::{FixedWindow, ManualClock, MovingWindowRateLimiter, TableStorage};
/// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
///
/// let storage = TableStorage::<NoopRawMutex, u16, FixedWindow, 8>::new();
/// let limiter = MovingWindowRateLimiter::with_clock(&storage, ManualClock::default());
/// ```
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RateLimiter<K, S, C> {
    strategy: K,
    storage: S,
    clock: C,
}

impl<K: Kind + Default, S: Keeps<K>, C: Clock + Default> RateLimiter<K, S, C> {
    /// Makes a limiter over `storage` that reads the time from the clock of its type.
    #[must_use]
    pub fn new(storage: S) -> Self {
        Self::with_clock(storage, C::default())
    }
}

impl<K: Kind + Default, S: Keeps<K>, C: Clock> RateLimiter<K, S, C> {
    /// Makes a limiter over `storage` that reads the time from `clock`.
    #[must_use]
    pub fn with_clock(storage: S, clock: C) -> Self {
        Self::with_strategy(K::default(), storage, clock)
    }
}

impl<K: Kind, S: Keeps<K>, C: Clock> RateLimiter<K, S, C> {
    /// Makes a limiter that decides by `strategy`.
    pub const fn with_strategy(strategy: K, storage: S, clock: C) -> Self {
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
        let ask = self.ask(item, identifiers, cost);
        Answer::new(ask.hit(now), || self.storage.acquire(ask, now))
    }

    /// Finds out whether a hit of `cost` would pass, and takes nothing.
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
        let ask = self.ask(item, identifiers, cost);
        Answer::new(ask.hit(now), || self.storage.peek(ask, now))
    }

    /// What is left for `identifiers` and when the window resets, in one
    /// storage call. A [`Decision`] holds it already.
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

    /// Takes the units of several limits, or of none: `5/second; 100/hour`, or one of a
    /// user and one of all.
    ///
    /// They may differ in identifiers, costs and namespaces, and in strategy where this
    /// limiter's is a [`StrategyName`](crate::StrategyName). When one refuses, nothing is
    /// taken from any, and an elastic window moves its end only if it refuses itself. A
    /// cost above its limit's amount refuses the whole for ever.
    ///
    /// One storage call. Most storages decide at once; their docs say which can't.
    ///
    /// ```
    /// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
    /// use limits_core::window::Fixed;
    /// use limits_core::{
    ///     Ask, FixedWindow, FixedWindowRateLimiter, Limit, ManualClock, RateLimitItem,
    ///     TableStorage, poll_once,
    /// };
    ///
    /// let storage = TableStorage::<NoopRawMutex, (u8, Limit), FixedWindow, 8>::new();
    /// let limiter = FixedWindowRateLimiter::with_clock(&storage, ManualClock::default());
    /// let (second, minute) = (RateLimitItem::per_second(2), RateLimitItem::per_minute(3));
    /// let asks = |cost| [&second, &minute].map(|item| Ask::new(Fixed, item, 7_u8, cost));
    /// let hit = |cost| poll_once(limiter.hit_all(&asks(cost))).expect("a table never waits");
    ///
    /// assert!(hit(2)?.allowed());
    /// let refused = hit(1)?;
    /// assert!(!refused.allowed());
    /// assert_eq!(refused.binding().map(|decision| decision.limit()), Some(2));
    /// assert_eq!(refused.as_slice()[1].remaining(), 1);
    /// # Ok::<(), limits_core::TableError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`hit`](Self::hit).
    pub fn hit_all<A: Asks<K> + ?Sized>(
        &self,
        asks: &A,
    ) -> impl Future<Output = Result<Decisions<A::Decisions>, S::Error>> {
        let now = self.clock.now();
        async move {
            let mut decisions = asks.decisions(now);
            let (asks, answers) = (asks.asks(), decisions.as_mut());
            self.storage.acquire_all(asks, now, answers).await?;
            Ok(Decisions::new(decisions))
        }
    }

    /// Finds out for several limits whether the units of each would fit, and takes
    /// nothing. In one storage call where the storage can.
    ///
    /// # Errors
    ///
    /// As [`hit`](Self::hit).
    pub fn test_all<A: Asks<K> + ?Sized>(
        &self,
        asks: &A,
    ) -> impl Future<Output = Result<Decisions<A::Decisions>, S::Error>> {
        let now = self.clock.now();
        async move {
            let mut decisions = asks.decisions(now);
            let (asks, answers) = (asks.asks(), decisions.as_mut());
            self.storage.peek_all(asks, now, answers).await?;
            Ok(Decisions::new(decisions))
        }
    }

    /// Makes the window of `identifiers` as if the hit of `charge` had cost `used`
    /// units: gives back what was not used, or takes what was used beyond it.
    ///
    /// Nothing happens once the window is over that the units were taken from, and what
    /// others took stays taken. `item` and `identifiers` are those of the hit. One
    /// storage call, two where the docs of the storage say so.
    ///
    /// # Errors
    ///
    /// The storage's. The charge may have been settled or not.
    pub fn settle<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        charge: Charge,
        used: u64,
    ) -> impl Future<Output = Result<Settled, S::Error>> + Send {
        let (key, now) = (item.key_for(identifiers), self.clock.now());
        self.storage.settle(self.strategy, key, charge, used, now)
    }

    #[inline(always)]
    fn ask<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
    ) -> Ask<'a, K> {
        Ask::new(self.strategy, item, identifiers, cost)
    }

    /// The strategy.
    pub const fn strategy(&self) -> K {
        self.strategy
    }

    /// The storage, for `check` and `reset`.
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// The clock that instants in this limiter's answers are of.
    pub const fn clock(&self) -> &C {
        &self.clock
    }
}
