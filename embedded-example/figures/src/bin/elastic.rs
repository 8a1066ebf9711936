//! Counts the instructions of a decision: a fixed window of elastic expiry.
#![no_std]
#![no_main]

use limits_core::{FixedWindow, FixedWindowElasticExpiryRateLimiter};

limits_figures::count_decisions!(
    FixedWindowElasticExpiryRateLimiter,
    FixedWindow,
    [
        RateLimitItem::per_second(3),
        RateLimitItem::per_hour(60_000),
        RateLimitItem::per_day(3),
        RateLimitItem::per_day(4_000_000_000),
    ]
);
