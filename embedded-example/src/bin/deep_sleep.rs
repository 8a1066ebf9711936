//! Budgets that survive deep sleep.
//!
//! A node that wakes from deep sleep by a reset has lost its memory, and with it
//! what it has used of its budgets: without care it would have all of them anew
//! with every start. This one saves them as bytes in memory that is retained
//! (RTC memory on a real board; flash would wear out, so save there seldom)
//! and restores them after the reset.
//!
//! - **What is there may be anything**: after power was lost, or an update to a
//!   firmware with another layout, the bytes are refused and the node starts
//!   with its budgets used up, since nobody knows.
//! - **The clock starts at 0 again**; the bytes hold spans, not instants. The
//!   timer that woke the node says how long it slept; who doesn't know
//!   passes zero and waits longer than needed.
//! - **Saved bytes are used once**: they are overwritten before the first hit, or
//!   a reset without a save would forget the hits since.
//!
//! The node may send four frames an hour. It starts with garbage in the retained
//! memory, sends what it may, sleeps a quarter of an hour by a reset, and so on.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::{Duration, Timer};
use limits_core::{
    Clock, EmbassyClock, FixedLog, Micros, MovingWindow, MovingWindowRateLimiter, RateLimitItem,
    TableStorage,
};
use limits_firmware::Retained;

type Budgets = TableStorage<NoopRawMutex, u8, MovingWindow<FixedLog<4>>, 1>;

const FRAMES: RateLimitItem<'_> = RateLimitItem::per_hour(4);
const RADIO: u8 = 0;
/// How long the node is in deep sleep, as the timer that wakes it knows.
const SLEEP: Micros = Micros::from_secs(15 * 60);
const STARTS: u8 = 8;

#[expect(
    unsafe_code,
    reason = "the section is one that startup leaves as it is"
)]
#[unsafe(link_section = ".uninit.budgets")]
static SAVED: Retained<{ Budgets::STATE_LEN }> = Retained::new();

#[expect(
    unsafe_code,
    reason = "the section is one that startup leaves as it is"
)]
#[unsafe(link_section = ".uninit.start")]
static START: Retained<1> = Retained::new();

#[embassy_executor::main(
    entry = "limits_firmware::entry",
    executor = "limits_firmware::Executor"
)]
async fn main(_spawner: Spawner) {
    limits_firmware::init();
    let budgets = Budgets::new();
    let limiter = MovingWindowRateLimiter::with_clock(&budgets, EmbassyClock);
    let saved = SAVED.load();
    SAVED.save([0; Budgets::STATE_LEN]);
    match budgets.restore(&saved, EmbassyClock.now(), SLEEP) {
        Ok(()) => START.save(START.load().map(|start| start + 1)),
        Err(error) => {
            defmt::warn!("no budgets: {}", error);
            START.save([1]);
            // As if all of it had been used just now.
            let all = limiter.hit(&FRAMES, RADIO, FRAMES.amount()).await;
            defmt::assert!(defmt::unwrap!(all).allowed());
        }
    }
    let [start] = START.load();
    // Off the instants at which frames are released.
    Timer::after(Duration::from_secs(10)).await;
    let mut sent = 0;
    while sent < 2 && defmt::unwrap!(limiter.hit(&FRAMES, RADIO, 1).await).allowed() {
        sent += 1;
    }
    let stats = defmt::unwrap!(limiter.get_window_stats(&FRAMES, RADIO).await);
    defmt::info!("start {}: {} sent, {} left", start, sent, stats.remaining);
    if start == STARTS {
        limits_firmware::exit(0);
    }
    let mut bytes = [0; Budgets::STATE_LEN];
    defmt::unwrap!(budgets.save(EmbassyClock.now(), &mut bytes));
    SAVED.save(bytes);
    limits_firmware::reset()
}
