//! What happens when a storage is slow, fails, or is asked too often: wrappers that are
//! storages themselves, for every strategy.
//!
//! | wrapper | what it does | its answers' [origin](crate::Origin) |
//! |---|---|---|
//! | [`Timeout`] | fails calls that take too long | |
//! | [`Breaker`] | leaves a storage alone that fails again and again, and probes it in the background | |
//! | [`FailPolicy`] | lets hits pass, or refuses them, when the storage fails | `FailedOpen`, `FailedClosed` |
//! | [`Fallback`] | turns to another storage, until the first one answers a probe | `Fallback` |
//! | [`Guarded::remembering`](crate::Guarded::remembering) | refuses again without asking, until the refusal is over | `Remembered` |
//! | [`Shadow`] | counts, and refuses nobody | `Shadow` |
//!
//! They go around each other in one order, from the outside in: `Shadow`, what is remembered,
//! `FailPolicy` or `Fallback`, `Breaker`, `Timeout`, the storage. In a URI they are
//! options: see [`storage_from_string`](crate::storage_from_string).
//!
//! ```
//! use core::time::Duration;
//!
//! use limits::resilience::{Breaker, FailPolicy, Timeout};
//! use limits::{MemoryStorage, Origin, RateLimitItem, SlidingWindowCounterRateLimiter};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), limits::StorageError> {
//! let storage = MemoryStorage::new();
//! let storage = Timeout::new(storage).with_limit(Duration::from_millis(100));
//! let storage = Breaker::new(storage).with_failures(3);
//! let storage = FailPolicy::open(storage);
//! let limiter = SlidingWindowCounterRateLimiter::new(storage);
//!
//! let decision = limiter.hit(&RateLimitItem::per_minute(10), "user-42", 1).await?;
//! assert!(!decision.origin().is_degraded());
//! # Ok(())
//! # }
//! ```
//!
//! # What callers may rely on
//!
//! - A refusal is never taken for a failure, and a failure never for a refusal of the limit.
//! - An answer that is not the storage's says so. The numbers of a
//!   [degraded](crate::Origin::is_degraded) one are not those of the limit: leave them out of
//!   headers.
//! - Every call is lazy, does no more than the storage's own, and may be dropped as that may.
//! - A hit that is late or fails may have been charged: units are missing then until their
//!   window is over, and never too many admitted. What a policy lets pass is not counted, and
//!   so is what another storage admits.
//! - What is remembered of a key ends when units of it are given back or it is cleared, by
//!   the same wrapper. What other processes give back or clear is seen when the refusal is
//!   over. Answers of a failed storage are not remembered for the time after.
//! - One task runs in the background, and only while a storage is being left alone.

mod breaker;
mod by_uri;
mod circuit;
mod fail_policy;
mod failure;
mod fallback;
mod shadow;
mod timeout;

pub use breaker::Breaker;
pub(crate) use by_uri::Resilience;
pub use fail_policy::FailPolicy;
pub use fallback::Fallback;
pub use shadow::Shadow;
pub use timeout::Timeout;
