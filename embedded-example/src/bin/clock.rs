//! The smallest firmware: what time it is, and what it is after a sleep.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_time::{Instant, Timer};

#[embassy_executor::main(
    entry = "limits_firmware::entry",
    executor = "limits_firmware::Executor"
)]
async fn main(_spawner: Spawner) {
    limits_firmware::init();
    defmt::info!("started at {} ms", Instant::now().as_millis());
    Timer::after_millis(2_500).await;
    defmt::info!("awake at {} ms", Instant::now().as_millis());
    limits_firmware::exit(0)
}
