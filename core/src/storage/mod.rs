//! What a storage offers: one trait for each kind of window.
//!
//! A storage implements [`Storage`] and the traits of the windows it can keep;
//! a strategy asks for the one it needs, so a wrong pair doesn't compile.
//! Implementers may write the methods as `async fn`.
//!
//! What every implementation promises:
//!
//! - A call that would pass the limit, or the ceiling, changes nothing (but the
//!   end of an elastic window), and neither does one of 0 units.
//! - A call is one round trip where the backend allows it; how many it is else,
//!   and how long one may take, is in the docs of the storage.
//! - Dropping a future leaves the key as before the call or as after it, never
//!   without an expiry and never locked.
//! - Errors are failures to decide, of the storage's own type: it can't be
//!   reached, it is full, what it holds is not a window.
//!
//! Limiters call only with a cost of at most the limit's amount.
//!
//! Instants in calls and answers are of the caller's clock. A storage whose
//! server has a clock decides by that one and answers in spans from the `now`
//! it was given.

mod forward;

use crate::decision::Decision;
use crate::item::Limit;
use crate::key::Key;
use crate::time::{Micros, Timestamp};
use crate::window::{FixedWindow, Increment, Incremented, MovingUsage, SlidingWindow};

/// A place that keeps the state of limits.
pub trait Storage {
    /// Why a call can fail. A refused hit is never an error.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Finds out whether the storage can be reached and answers.
    fn check(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Forgets all keys and tells how many there were.
    fn reset(&self) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Forgets every window of `key`.
    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A storage that can keep counters with an expiry: fixed windows, elastic or not.
pub trait FixedWindowSupport: Storage {
    /// Adds to the counter of `key`, unless that would pass the ceiling.
    fn incr(
        &self,
        key: Key<'_>,
        increment: Increment,
        now: Timestamp,
    ) -> impl Future<Output = Result<Incremented, Self::Error>> + Send;

    /// Reads the counter of `key` with its expiry; an absent one is the empty window.
    fn get(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<FixedWindow, Self::Error>> + Send;

    /// Tells when the counter of `key` expires, `now` if there is none.
    fn get_expiry(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Timestamp, Self::Error>> + Send {
        let window = self.get(key, now);
        async move { Ok(window.await?.reset_time(now)) }
    }
}

/// A storage that can keep the log of a moving window.
pub trait MovingWindowSupport: Storage {
    /// Takes `cost` units from the moving window of `key`, if they fit.
    fn acquire_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, Self::Error>> + Send;

    /// Reads the moving window of `key`, and when `cost` units would fit.
    fn get_moving_window(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<MovingUsage, Self::Error>> + Send;
}

/// A storage that can set units aside for work that may yet fail.
///
/// A storage in the memory of the process: the calls don't wait, so that a
/// reservation can be given up where it is dropped.
pub trait ReserveSupport: MovingWindowSupport {
    /// Sets `cost` units of `key` aside, if they fit.
    ///
    /// # Errors
    ///
    /// As [`acquire_entry`](MovingWindowSupport::acquire_entry).
    fn reserve(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> Result<Decision, Self::Error>;

    /// Gives `reserved` units back and takes `used`, whether they fit or not.
    ///
    /// # Errors
    ///
    /// As [`acquire_entry`](MovingWindowSupport::acquire_entry); a key with reserved
    /// units has its room.
    fn settle(
        &self,
        key: Key<'_>,
        limit: Limit,
        reserved: u64,
        used: u64,
        now: Timestamp,
    ) -> Result<(), Self::Error>;
}

/// A storage that can keep the two counters of a sliding window.
pub trait SlidingWindowCounterSupport: Storage {
    /// Takes `cost` units from the sliding window of `key`, if they fit.
    fn acquire_sliding_window_entry(
        &self,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, Self::Error>> + Send;

    /// Reads the sliding window of `key`, whose windows are `period` long.
    fn get_sliding_window(
        &self,
        key: Key<'_>,
        period: Micros,
        now: Timestamp,
    ) -> impl Future<Output = Result<SlidingWindow, Self::Error>> + Send;
}
