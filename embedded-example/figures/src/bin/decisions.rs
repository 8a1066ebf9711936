//! A decision of each strategy and nothing else: no executor, no log.
//!
//! It has no panic in it, which is checked on the linked image.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use limits_core::{
    AirtimeRateLimiter, AirtimeWindow, Clock, FixedLog, FixedWindow,
    FixedWindowElasticExpiryRateLimiter, FixedWindowRateLimiter, GcraRateLimiter, GcraWindow,
    MovingWindow, MovingWindowRateLimiter, RateLimitItem, SlidingWindow,
    SlidingWindowCounterRateLimiter, TableStorage, Timestamp, poll_once,
};

type Table<W, const N: usize> = TableStorage<CriticalSectionRawMutex, u32, W, N>;

static FIXED: Table<FixedWindow, 16> = Table::new();
static ELASTIC: Table<FixedWindow, 64> = Table::new();
static MOVING: Table<MovingWindow<FixedLog<8>>, 16> = Table::new();
static SLIDING: Table<SlidingWindow, 64> = Table::new();
static GCRA: Table<GcraWindow<u64>, 16> = Table::new();
static AIRTIME: Table<AirtimeWindow<16>, 4> = Table::new();

static ITEM: RateLimitItem<'static> = RateLimitItem::per_minute(3);

/// Counts the turns of the loop below.
static TURNS: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Copy)]
struct Turns;

impl Clock for Turns {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(TURNS.load(Ordering::Relaxed).into())
    }
}

#[limits_figures::entry]
fn main() -> ! {
    loop {
        TURNS.store(black_box(0), Ordering::Relaxed);
        decide();
    }
}

fn decide() {
    let item = black_box(&ITEM);
    macro_rules! hit {
        ($limiter:ident, $storage:ident) => {
            let limiter = $limiter::with_clock(&$storage, Turns);
            let decision = poll_once(limiter.hit(item, black_box(7_u32), black_box(1)));
            if let Some(Ok(decision)) = decision {
                black_box(decision.allowed());
            }
        };
    }
    hit!(FixedWindowRateLimiter, FIXED);
    hit!(FixedWindowElasticExpiryRateLimiter, ELASTIC);
    hit!(MovingWindowRateLimiter, MOVING);
    hit!(SlidingWindowCounterRateLimiter, SLIDING);
    hit!(GcraRateLimiter, GCRA);
    hit!(AirtimeRateLimiter, AIRTIME);
}
