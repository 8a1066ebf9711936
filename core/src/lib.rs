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
mod origin;
pub mod parse;
mod poll;
pub mod storage;
mod strategy;
pub mod table;
mod time;
pub mod window;

pub use decision::{Decision, WindowStats};
#[cfg(feature = "embassy")]
pub use embassy::EmbassyClock;
pub use item::{Granularity, Limit, RateLimitItem};
pub use key::{Identifiers, Key};
pub use limiter::{
    AirtimeRateLimiter, Asks, Decisions, FixedWindowElasticExpiryRateLimiter,
    FixedWindowRateLimiter, GcraRateLimiter, MovingWindowRateLimiter, RateLimiter, Reservation,
    SetAside, Single, SlidingWindowCounterRateLimiter,
};
pub use origin::Origin;
pub use parse::{ParseError, ParseErrorKind};
pub use poll::poll_once;
pub use storage::{
    Ask, BlockList, FixedWindowSupport, Guarded, Keeps, MovingWindowSupport, ReserveSupport,
    SlidingWindowCounterSupport, Storage,
};
pub use strategy::{StrategyName, UnknownStrategy};
pub use table::{Blocks, FixedLog, KeyError, StateError, TableError, TableStorage};
pub use time::{Clock, ManualClock, Micros, Timestamp};
pub use window::{AirtimeWindow, FixedWindow, GcraWindow, MovingWindow, SlidingWindow};
