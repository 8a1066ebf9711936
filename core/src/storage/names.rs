//! The storage methods of Python `limits`, by their own names.

use super::{Ask, Keeps};
use crate::item::{Limit, RateLimitItem};
use crate::key::Key;
use crate::time::{Micros, Timestamp};
use crate::window::{
    Elastic, Fixed, FixedWindow, Kind, Moving, SlidingCounter, SlidingWindow, Usage,
};

/// Counters with an expiry, as Python's storages have them: called, never implemented.
///
/// Every storage that [keeps](Keeps) the windows of [`Fixed`] and [`Elastic`] has them.
/// `now` is the caller's time, since a storage has no clock of its own.
pub trait FixedWindowSupport: Keeps<Fixed> + Keeps<Elastic> {
    /// Adds `amount` to the counter of `key` and tells it; the window ends after `expiry`,
    /// and each call moves its end there if `elastic_expiry` is set.
    ///
    /// There is no limit but what the storage can count: an `amount` beyond that is not
    /// added.
    fn incr(
        &self,
        key: Key<'_>,
        expiry: Micros,
        elastic_expiry: bool,
        amount: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, Self::Error>>;

    /// Reads the counter of `key`.
    fn get(&self, key: Key<'_>, now: Timestamp) -> impl Future<Output = Result<u64, Self::Error>>;

    /// Finds out when the counter of `key` expires, `now` if there is none.
    fn get_expiry(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Timestamp, Self::Error>>;
}

impl<S: Keeps<Fixed> + Keeps<Elastic>> FixedWindowSupport for S {
    async fn incr(
        &self,
        key: Key<'_>,
        expiry: Micros,
        elastic_expiry: bool,
        amount: u64,
        now: Timestamp,
    ) -> Result<u64, S::Error> {
        let ask = Ask::of_key(Fixed, key, Limit::new(S::MOST_UNITS, expiry), amount);
        let decision = if elastic_expiry {
            self.acquire(ask.with_kind(Elastic), now).await?
        } else {
            self.acquire(ask, now).await?
        };
        Ok(decision.limit() - decision.remaining())
    }

    async fn get(&self, key: Key<'_>, now: Timestamp) -> Result<u64, S::Error> {
        Ok(counter(self, key, now).await?.count(now))
    }

    async fn get_expiry(&self, key: Key<'_>, now: Timestamp) -> Result<Timestamp, S::Error> {
        let window = counter(self, key, now).await?;
        Ok(if window.count(now) == 0 {
            now
        } else {
            window.end()
        })
    }
}

async fn counter<S: Keeps<Fixed>>(
    storage: &S,
    key: Key<'_>,
    now: Timestamp,
) -> Result<FixedWindow, S::Error> {
    let period = key.item().map_or(Micros::MAX, RateLimitItem::get_expiry);
    let ask = Ask::of_key(Fixed, key, Limit::new(S::MOST_UNITS, period), 0);
    Ok(match storage.peek(ask, now).await?.usage() {
        Usage::Fixed(window) => *window,
        _ => FixedWindow::default(),
    })
}

/// Logs of moving windows, as Python's storages have them: called, never implemented.
///
/// Every storage that [keeps](Keeps) the windows of [`Moving`] has them.
pub trait MovingWindowSupport: Keeps<Moving> {
    /// Takes `amount` units if they are left of `limit` in every `expiry`, and tells
    /// whether they were.
    fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: u64,
        expiry: Micros,
        amount: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, Self::Error>>;

    /// Reads when the oldest unit in use was taken, `now` if there is none, and how many
    /// are in use.
    fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: u64,
        expiry: Micros,
        now: Timestamp,
    ) -> impl Future<Output = Result<(Timestamp, u64), Self::Error>>;
}

impl<S: Keeps<Moving>> MovingWindowSupport for S {
    async fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: u64,
        expiry: Micros,
        amount: u64,
        now: Timestamp,
    ) -> Result<bool, S::Error> {
        let limit = Limit::new(limit, expiry);
        takes(self, Ask::of_key(Moving, key, limit, amount), now).await
    }

    async fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: u64,
        expiry: Micros,
        now: Timestamp,
    ) -> Result<(Timestamp, u64), S::Error> {
        let ask = Ask::of_key(Moving, key, Limit::new(limit, expiry), 0);
        Ok(match self.peek(ask, now).await?.usage() {
            Usage::Moving(usage) if usage.used > 0 => {
                (usage.reset_time.saturating_sub(expiry), usage.used)
            }
            _ => (now, 0),
        })
    }
}

/// Sliding window counters, as Python's storages have them: called, never implemented.
///
/// Every storage that [keeps](Keeps) the windows of [`SlidingCounter`] has them.
pub trait SlidingWindowCounterSupport: Keeps<SlidingCounter> {
    /// Takes `amount` units if they are left of `limit`, as the two counters say, and
    /// tells whether they were.
    fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: u64,
        expiry: Micros,
        amount: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, Self::Error>>;

    /// Reads the previous counter and how long it still counts, and the current one
    /// and how long it does.
    fn get_sliding_window(
        &self,
        key: Key<'_>,
        expiry: Micros,
        now: Timestamp,
    ) -> impl Future<Output = Result<(u64, Micros, u64, Micros), Self::Error>>;
}

impl<S: Keeps<SlidingCounter>> SlidingWindowCounterSupport for S {
    async fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: u64,
        expiry: Micros,
        amount: u64,
        now: Timestamp,
    ) -> Result<bool, S::Error> {
        let limit = Limit::new(limit, expiry);
        takes(self, Ask::of_key(SlidingCounter, key, limit, amount), now).await
    }

    async fn get_sliding_window(
        &self,
        key: Key<'_>,
        expiry: Micros,
        now: Timestamp,
    ) -> Result<(u64, Micros, u64, Micros), S::Error> {
        let limit = Limit::new(S::MOST_UNITS, expiry);
        let ask = Ask::of_key(SlidingCounter, key, limit, 0);
        let window = match self.peek(ask, now).await?.usage() {
            Usage::Sliding(window) => window.advanced(expiry, now),
            _ => SlidingWindow::default(),
        };
        let left = |count: u64, end: Timestamp| match count {
            0 => Micros::ZERO,
            _ => end.saturating_since(now),
        };
        let (previous, current) = (window.previous(), window.current());
        let end = window.end();
        Ok((
            previous,
            left(previous, end.saturating_sub(expiry)),
            current,
            left(current, end),
        ))
    }
}

/// Takes the units of an ask, and tells whether they were left.
async fn takes<K: Kind, S: Keeps<K>>(
    storage: &S,
    ask: Ask<'_, K>,
    now: Timestamp,
) -> Result<bool, S::Error> {
    Ok(ask.hit(now).is_possible() && storage.acquire(ask, now).await?.allowed())
}
