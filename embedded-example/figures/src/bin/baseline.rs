//! An empty embassy firmware: the executor, the time driver and a task that sleeps.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_time::Timer;

#[embassy_executor::main(entry = "limits_figures::entry", executor = "limits_figures::Executor")]
async fn main(_spawner: Spawner) {
    limits_figures::init();
    loop {
        Timer::after_secs(1).await;
    }
}
