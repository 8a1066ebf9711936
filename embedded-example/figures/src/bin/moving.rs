//! Counts the instructions of a decision: a moving window of 8 entries.
#![no_std]
#![no_main]

use limits_core::{FixedLog, MovingWindow, MovingWindowRateLimiter};

limits_figures::count_decisions!(
    MovingWindowRateLimiter,
    MovingWindow<FixedLog<8>>,
    [
        RateLimitItem::per_second(8),
        RateLimitItem::per_minute(3),
        RateLimitItem::per_day(8),
    ]
);
