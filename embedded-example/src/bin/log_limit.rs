//! Log lines that can't flood the log, and don't get lost either.
//!
//! A place in the code may log so many lines in a while. The first line always
//! passes, also right after the boot, when a limiter that compares the uptime
//! with the time of the last line would drop it. What is skipped is counted,
//! and the count is told with the next line that passes.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_time::{Duration, Instant, Ticker};
use limits_core::RateLimitItem;
use limits_firmware::log_limited;

#[embassy_executor::main(
    entry = "limits_firmware::entry",
    executor = "limits_firmware::Executor"
)]
async fn main(_spawner: Spawner) {
    limits_firmware::init();
    let mut ticker = Ticker::every(Duration::from_millis(70));
    for reading in 0..100_u32 {
        log_limited!(
            RateLimitItem::per_second(2),
            warn,
            "reading {} is out of range",
            reading
        );
        if reading % 40 == 0 {
            // A place of its own, with a limit of its own.
            log_limited!(RateLimitItem::per_minute(1), error, "no calibration");
        }
        ticker.next().await;
    }
    defmt::info!("over at {} ms", Instant::now().as_millis());
    limits_firmware::exit(0)
}
