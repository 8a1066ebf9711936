//! Counts the instructions of a decision: an airtime window of 16 buckets.
#![no_std]
#![no_main]

use limits_core::{AirtimeRateLimiter, AirtimeWindow};

limits_figures::count_decisions!(
    AirtimeRateLimiter,
    AirtimeWindow<16>,
    [
        RateLimitItem::per_hour(36_000),
        RateLimitItem::per_second(3),
        RateLimitItem::per_day(864_000),
    ]
);
