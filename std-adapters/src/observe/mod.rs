//! Seeing what goes on: what storages decide, how long they take, why they fail.
//!
//! [`Observed`] is a storage around another one that tells an [`Observer`] of every call.
//! Observers of this crate:
//!
//! | observer | feature | what it does |
//! |---|---|---|
//! | `Metrics` | `metrics` | counts and measures, for the recorder that a program has installed |
//! | `Tracing` | `tracing` | spans and events, for the program's subscriber |
//! | [`MostRefused`] | | keeps the keys that are refused most, in bounded memory |
//!
//! Several go together as a pair, and pairs of pairs. Put `Observed` outside of the wrappers
//! of `resilience` to see what callers are answered, or inside to see what the storage does.
//!
//! ```
//! use limits::observe::{MostRefused, Observed};
//! use limits::{FixedWindowRateLimiter, MemoryStorage, RateLimitItem};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), limits::StorageError> {
//! let refused = MostRefused::new(1_000);
//! let storage = Observed::new(MemoryStorage::new(), refused.clone());
//! let limiter = FixedWindowRateLimiter::new(storage);
//! for _ in 0..3 {
//!     let _ = limiter.hit(&RateLimitItem::per_hour(1), "user-42", 1).await?;
//! }
//! let [(key, count)] = &refused.top(10)[..] else { panic!("one key") };
//! assert_eq!((key.as_str(), *count), ("LIMITER/user-42/1/1/hour", 2));
//! # Ok(())
//! # }
//! ```

mod most_refused;
mod observed;
mod observer;

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod tracing;

pub use most_refused::MostRefused;
pub use observed::Observed;
pub use observer::{Observer, Operation};

#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
#[cfg(feature = "tracing")]
pub use self::tracing::Tracing;
