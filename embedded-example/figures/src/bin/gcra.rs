//! Counts the instructions of a decision: a bucket that refills evenly.
#![no_std]
#![no_main]

use limits_core::{GcraRateLimiter, GcraWindow};

limits_figures::count_decisions!(
    GcraRateLimiter,
    GcraWindow<u64>,
    [
        RateLimitItem::per_second(3),
        RateLimitItem::per_hour(60_000),
        RateLimitItem::per_day(3),
        RateLimitItem::per_day(100_000_000),
    ]
);
