//! The empty firmware and one limiter: a fixed window, 16 keys of 32 bits.
#![no_std]
#![no_main]

use core::hint::black_box;

use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_time::Timer;
use limits_core::{
    EmbassyClock, FixedWindow, FixedWindowRateLimiter, RateLimitItem, TableStorage, poll_once,
};

static STORAGE: TableStorage<CriticalSectionRawMutex, u32, FixedWindow, 16> = TableStorage::new();
const ITEM: RateLimitItem<'static> = RateLimitItem::per_minute(3);

#[embassy_executor::main(entry = "limits_figures::entry", executor = "limits_figures::Executor")]
async fn main(_spawner: Spawner) {
    limits_figures::init();
    let limiter = FixedWindowRateLimiter::with_clock(&STORAGE, EmbassyClock);
    loop {
        let decision = poll_once(limiter.hit(&ITEM, black_box(7_u32), 1));
        match decision {
            Some(Ok(decision)) => black_box(decision.allowed()),
            _ => black_box(false),
        };
        Timer::after_secs(1).await;
    }
}
