//! Counts the instructions of a decision: a fixed window.
#![no_std]
#![no_main]

use limits_core::{FixedWindow, FixedWindowRateLimiter};

limits_figures::count_decisions!(
    FixedWindowRateLimiter,
    FixedWindow,
    [
        RateLimitItem::per_second(3),
        RateLimitItem::per_hour(60_000),
        RateLimitItem::per_day(3),
        RateLimitItem::per_day(4_000_000_000),
    ]
);
