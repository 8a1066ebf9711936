//! Counts the instructions of a decision: a sliding window counter.
#![no_std]
#![no_main]

use limits_core::{SlidingWindow, SlidingWindowCounterRateLimiter};

limits_figures::count_decisions!(
    SlidingWindowCounterRateLimiter,
    SlidingWindow,
    [
        RateLimitItem::per_second(3),
        RateLimitItem::per_hour(60_000),
        RateLimitItem::per_day(3),
        RateLimitItem::per_day(4_000_000_000),
    ]
);
