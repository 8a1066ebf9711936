#![no_std]
#![doc = include_str!("../README.md")]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod decision;
#[cfg(feature = "embassy")]
mod embassy;
mod item;
mod key;
pub mod limiter;
pub mod memory;
pub mod parse;
mod poll;
pub mod storage;
mod time;
pub mod window;

pub use decision::{Decision, WindowStats};
#[cfg(feature = "embassy")]
pub use embassy::EmbassyClock;
pub use item::{Granularity, Limit, RateLimitItem};
pub use key::{Identifiers, Key};
pub use limiter::{
    Blockable, FixedWindowElasticExpiryRateLimiter, FixedWindowRateLimiter,
    MovingWindowRateLimiter, RateLimiter, Reservation, SlidingWindowCounterRateLimiter,
};
pub use memory::{Blocks, FixedLog, KeyError, MemoryError, MemoryStorage, StateError};
pub use parse::{ParseError, ParseErrorKind};
pub use poll::poll_once;
pub use storage::{
    FixedWindowSupport, MovingWindowSupport, ReserveSupport, SlidingWindowCounterSupport, Storage,
};
pub use time::{Clock, ManualClock, Micros, Timestamp};
pub use window::{AirtimeWindow, FixedWindow, MovingWindow, SlidingWindow};
