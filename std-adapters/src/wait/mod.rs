//! Waiting for one's turn, no longer than one can.
//!
//! ```
//! use core::time::Duration;
//!
//! use limits::{
//!     MemoryStorage, MovingWindowRateLimiter, RateLimitItem, WaitError, WaitingRateLimiter,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn core::error::Error>> {
//! let limiter = MovingWindowRateLimiter::new(MemoryStorage::new());
//! let limiter = WaitingRateLimiter::new(limiter).with_max_waiters_per_key(100);
//! let item = RateLimitItem::per_minute(2);
//!
//! let soon = Duration::from_secs(1);
//! for _ in 0..2 {
//!     let waited = limiter.until_ready(&item, "api.example.org", 1, soon).await?;
//!     assert!(waited.decision().allowed());
//! }
//! // The next one passes in a minute, so nobody is kept waiting for a second.
//! let refused = limiter.until_ready(&item, "api.example.org", 1, soon).await;
//! let Err(WaitError::TooLong(decision)) = refused else {
//!     return Err("a minute is more than a second".into());
//! };
//! assert!(decision.retry_after() > Some(soon));
//! # Ok(())
//! # }
//! ```
//!
//! # What callers may rely on
//!
//! - **In order.** Who is refused stands in a line, one for each key, in this process; who
//!   comes later stands behind, and [`hit`](WaitingRateLimiter::hit) is refused meanwhile.
//!   Where nobody waits, callers ask the storage at the same time, as hits do, and line up
//!   in the order of their refusals. Processes that share a storage have no order between
//!   them: each asks when units are released, and one of them is first.
//! - **No longer than needed.** The first one in a line asks the storage, sleeps until the
//!   instant it was told, to tokio's millisecond, and asks again. Nobody else asks.
//! - **Refused at once**: who can't pass in time. That is known of the first one by its
//!   refusal; of the others by the units that those in front want, where the limit is a
//!   window or a bucket. Where nobody knows they wait, until their deadline.
//! - **Bounded.** So many may wait for a key, and so many in all: callers, whatever their
//!   costs. More are refused. Those who wait are as many as there are lines and timers.
//! - **Cancel-safe.** A dropped wait takes nothing: who stands in line leaves it, and the next
//!   one moves up at once. When the storage has been asked already, its answer is waited for,
//!   and what was given goes back by [settling](limits_core::Keeps::settle) it, before the
//!   next one asks. It stays taken only where that call fails, or the runtime shuts down.
//! - **No debt.** Nothing is taken before it is there, so a limit that is made smaller, or
//!   cleared, holds at once for those who wait.
//!
//! # Tasks
//!
//! The question to a storage that doesn't answer at once is a task of its own on the
//! caller's runtime: a caller that isn't polled for a time, such as one branch of a loop
//! over `select!`, would else hold up those behind it. The task ends with the answer.
//!
//! # Tests without waiting
//!
//! With tokio's time paused a limiter that reads [`TokioClock`](crate::TokioClock) and keeps
//! its windows in memory waits for no real time at all.

mod error;
mod limiter;
mod lines;
mod owned;
mod queue;
mod release;
mod turn;
mod waiter;

pub use error::{WaitError, Waited};
pub use limiter::WaitingRateLimiter;
