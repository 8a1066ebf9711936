//! One limiter that an interrupt shares with a task.
//!
//! A sensor raises an interrupt for each event, some three hundred a
//! second. Fifty a second are handled: the interrupt handles
//! what the limit lets through and drops the rest, and a task that polls the
//! same sensor takes from the same limit. A storage behind
//! `CriticalSectionRawMutex` may be used from both; a decision holds it for a
//! bounded number of instructions (`figures/FIGURES.md`), and nothing waits:
//! [`poll_once`] is enough, since a storage in memory has its answer at once.
//!
//! Dropped events are logged, once a second and with their number: a log line
//! for each would cost more than handling them.

#![no_std]
#![no_main]

use core::cell::Cell;

use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_time::{Duration, Instant, Ticker};
use limits_core::{
    EmbassyClock, FixedWindow, FixedWindowRateLimiter, RateLimitItem, TableStorage, poll_once,
};
use limits_firmware::{log_limited, soft_interrupt};

const EVENTS: RateLimitItem<'_> = RateLimitItem::per_second(50);
const DROPPED: RateLimitItem<'_> = RateLimitItem::per_second(1);
const SENSOR: u8 = 3;

static LIMITS: TableStorage<CriticalSectionRawMutex, u8, FixedWindow, 4> = TableStorage::new();
static HANDLED: CriticalSectionMutex<Cell<Handled>> =
    CriticalSectionMutex::new(Cell::new(Handled {
        by_interrupt: 0,
        by_task: 0,
    }));

#[derive(Clone, Copy, defmt::Format)]
struct Handled {
    by_interrupt: u32,
    by_task: u32,
}

/// Tells whether an event may be handled. For tasks and interrupts alike.
fn may_handle() -> bool {
    let limiter = FixedWindowRateLimiter::with_clock(&LIMITS, EmbassyClock);
    let hit = poll_once(limiter.hit(&EVENTS, SENSOR, 1));
    // A limit that can't decide would be a mistake in this program: drop the event.
    matches!(hit, Some(Ok(decision)) if decision.allowed())
}

fn count(by: fn(&mut Handled)) {
    HANDLED.lock(|cell| {
        let mut handled = cell.get();
        by(&mut handled);
        cell.set(handled);
    });
}

fn on_interrupt() {
    if may_handle() {
        count(|handled| handled.by_interrupt += 1);
    } else {
        log_limited!(DROPPED, warn, "an event dropped");
    }
}

#[embassy_executor::main(
    entry = "limits_firmware::entry",
    executor = "limits_firmware::Executor"
)]
async fn main(_spawner: Spawner) {
    limits_firmware::init();
    soft_interrupt::enable(on_interrupt);
    // Off the seconds, at which windows end.
    let mut ticker = Ticker::every(Duration::from_micros(3_300));
    while Instant::now() < Instant::from_secs(10) {
        ticker.next().await;
        soft_interrupt::raise();
        if may_handle() {
            count(|handled| handled.by_task += 1);
        }
    }
    let handled = HANDLED.lock(Cell::get);
    defmt::info!("{}", handled);
    // Windows of a second that start with an event: ten of them.
    defmt::assert_eq!(handled.by_interrupt + handled.by_task, 10 * 50);
    defmt::assert!(handled.by_interrupt > 0 && handled.by_task > 0);
    limits_firmware::exit(0)
}
