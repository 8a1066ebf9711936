//! The rate limiters: a storage, a clock and a strategy behind one type.

// What lies between a hit and the arithmetic of its window is `inline(always)`,
// here and in `storage` and `table`. Each layer is a line or two, but a compiler
// that optimises for size calls each of them and copies keys, futures and
// decisions through memory: on a Cortex-M that makes 800 instructions of 250.

mod answer;
mod asks;
mod decisions;
mod rate_limiter;
mod reservation;
mod set_aside;
mod single;

pub use asks::Asks;
pub use decisions::Decisions;
pub use rate_limiter::{
    AirtimeRateLimiter, FixedWindowElasticExpiryRateLimiter, FixedWindowRateLimiter,
    GcraRateLimiter, MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter,
};
pub use reservation::{Charged, Reservation};
pub use set_aside::SetAside;
pub use single::Single;
