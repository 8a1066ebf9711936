//! What a storage offers: [`Storage`], and [`Keeps<K>`](Keeps) for each kind of window that
//! it keeps.
//!
//! A strategy asks a storage for its kind of window, so a wrong pair doesn't compile.
//! What every implementation of [`Keeps`] promises:
//!
//! - A hit that does not fit takes nothing (but it moves the end of an elastic window),
//!   and neither does one of 0 units.
//! - A call is one round trip where the backend allows it; how many it is else,
//!   and how long one may take, is in the docs of the storage.
//! - Dropping a future leaves the key as before the call or as after it, never
//!   without an expiry and never locked.
//! - [Settling](Keeps::settle) touches only what the charge's hit took.
//! - Errors are failures to decide, of the storage's own type: it can't be
//!   reached, it is full, what it holds is not a window.
//!
//! Limiters call only with a cost of at most the limit's amount.
//!
//! Instants in calls and answers are of the caller's clock. A storage whose
//! server has a clock decides by that one and answers in spans from the `now`
//! it was given.
//!
//! The storage methods of Python `limits` are there by name on every storage that keeps
//! such windows: [`FixedWindowSupport`], [`MovingWindowSupport`],
//! [`SlidingWindowCounterSupport`].
//!
//! # A storage of your own
//!
//! A storage implements the windows it has, and no others. One that computes where it
//! runs leaves the arithmetic to [`Decide`](crate::window::Decide):
//!
//! ```
//! use std::collections::HashMap;
//! use std::convert::Infallible;
//! use std::sync::Mutex;
//!
//! use limits_core::storage::{acquire_in_turn, peek_in_turn};
//! use limits_core::window::{Charge, Decide, Fixed, Settled};
//! use limits_core::{
//!     Ask, Decision, FixedWindow, FixedWindowRateLimiter, Keeps, Key, ManualClock, RateLimitItem,
//!     Storage, Timestamp, poll_once,
//! };
//!
//! #[derive(Default)]
//! struct Map(Mutex<HashMap<String, FixedWindow>>);
//!
//! impl Map {
//!     fn with<T>(&self, key: Key<'_>, work: impl FnOnce(&mut FixedWindow) -> T) -> T {
//!         let mut windows = self.0.lock().expect("nothing panics under the lock");
//!         work(windows.entry(key.to_string()).or_default())
//!     }
//! }
//!
//! impl Storage for Map {
//!     type Error = Infallible;
//!
//!     async fn check(&self) -> Result<(), Infallible> {
//!         Ok(())
//!     }
//!
//!     async fn reset(&self) -> Result<u64, Infallible> {
//!         Ok(self.0.lock().expect("nothing panics under the lock").drain().count() as u64)
//!     }
//!
//!     async fn clear(&self, key: Key<'_>) -> Result<(), Infallible> {
//!         Ok(self.with(key, |window| *window = FixedWindow::default()))
//!     }
//! }
//!
//! impl Keeps<Fixed> for Map {
//!     async fn acquire(&self, ask: Ask<'_, Fixed>, now: Timestamp) -> Result<Decision, Infallible> {
//!         let hit = ask.hit(now);
//!         let (allowed, window) = self.with(ask.key(), |w| Decide::<Fixed>::acquire(w, hit));
//!         Ok(Decision::hit(allowed, hit, window))
//!     }
//!
//!     async fn peek(&self, ask: Ask<'_, Fixed>, now: Timestamp) -> Result<Decision, Infallible> {
//!         let hit = ask.hit(now);
//!         let window = self.with(ask.key(), |w| Decide::<Fixed>::peek(w, hit));
//!         Ok(Decision::test(hit, window))
//!     }
//!
//!     async fn settle(
//!         &self, _: Fixed, key: Key<'_>, charge: Charge, used: u64, now: Timestamp,
//!     ) -> Result<Settled, Infallible> {
//!         Ok(self.with(key, |w| Decide::<Fixed>::settle(w, &charge, used, now)))
//!     }
//!
//!     async fn acquire_all(
//!         &self, asks: &[Ask<'_, Fixed>], now: Timestamp, decisions: &mut [Decision],
//!     ) -> Result<(), Infallible> {
//!         acquire_in_turn(self, asks, now, decisions).await
//!     }
//!
//!     async fn peek_all(
//!         &self, asks: &[Ask<'_, Fixed>], now: Timestamp, decisions: &mut [Decision],
//!     ) -> Result<(), Infallible> {
//!         peek_in_turn(self, asks, now, decisions).await
//!     }
//! }
//!
//! let limiter = FixedWindowRateLimiter::with_clock(Map::default(), ManualClock::default());
//! let item = RateLimitItem::per_minute(1);
//! let hit = || poll_once(limiter.hit(&item, "user-42", 1)).expect("this storage never waits");
//! assert!(hit()?.allowed());
//! assert!(!hit()?.allowed());
//! # Ok::<(), Infallible>(())
//! ```
//!
//! # A wrapper of your own
//!
//! What is around a storage is a storage: written once, it works for every strategy.
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use limits_core::window::{Charge, Kind, Settled};
//! use limits_core::{Ask, Decision, Keeps, Key, Storage, Timestamp};
//!
//! /// Counts the calls.
//! struct Counted<S>(S, AtomicU64);
//!
//! impl<S> Counted<S> {
//!     fn call(&self) -> &S {
//!         self.1.fetch_add(1, Ordering::Relaxed);
//!         &self.0
//!     }
//! }
//!
//! impl<S: Storage + Sync> Storage for Counted<S> {
//!     type Error = S::Error;
//!
//!     async fn check(&self) -> Result<(), S::Error> {
//!         self.call().check().await
//!     }
//!
//!     async fn reset(&self) -> Result<u64, S::Error> {
//!         self.call().reset().await
//!     }
//!
//!     async fn clear(&self, key: Key<'_>) -> Result<(), S::Error> {
//!         self.call().clear(key).await
//!     }
//! }
//!
//! impl<K: Kind, S: Keeps<K> + Sync> Keeps<K> for Counted<S> {
//!     async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, S::Error> {
//!         self.call().acquire(ask, now).await
//!     }
//!
//!     async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, S::Error> {
//!         self.call().peek(ask, now).await
//!     }
//!
//!     async fn settle(
//!         &self, kind: K, key: Key<'_>, charge: Charge, used: u64, now: Timestamp,
//!     ) -> Result<Settled, S::Error> {
//!         self.call().settle(kind, key, charge, used, now).await
//!     }
//!
//!     async fn acquire_all(
//!         &self, asks: &[Ask<'_, K>], now: Timestamp, decisions: &mut [Decision],
//!     ) -> Result<(), S::Error> {
//!         self.call().acquire_all(asks, now, decisions).await
//!     }
//!
//!     async fn peek_all(
//!         &self, asks: &[Ask<'_, K>], now: Timestamp, decisions: &mut [Decision],
//!     ) -> Result<(), S::Error> {
//!         self.call().peek_all(asks, now, decisions).await
//!     }
//! }
//! ```

mod ask;
mod at_once;
mod block_list;
mod forward;
mod guarded;
mod in_turn;
mod keeps;
mod names;
mod reserve;

pub use ask::Ask;
pub use at_once::{Locked, acquire_at_once, peek_at_once};
pub use block_list::BlockList;
pub use guarded::Guarded;
pub use in_turn::{acquire_in_turn, peek_in_turn, would_all_pass};
pub use keeps::{Keeps, Storage};
pub use names::{FixedWindowSupport, MovingWindowSupport, SlidingWindowCounterSupport};
pub use reserve::ReserveSupport;
