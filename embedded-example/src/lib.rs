//! Board support for the example firmware on QEMU's machines.
//!
//! | target | machine | core |
//! | --- | --- | --- |
//! | `thumbv6m-none-eabi` | `microbit` | Cortex-M0 |
//! | `thumbv7m-none-eabi` | `mps2-an385` | Cortex-M3 |
//! | `thumbv7em-none-eabihf` | `mps2-an386` | Cortex-M4F |
//! | `riscv32imac-unknown-none-elf` | `virt` | RV32IMAC |
//!
//! A binary names [`entry`] and [`Executor`] and starts the clock:
//!
//! ```ignore
//! #[embassy_executor::main(entry = "limits_firmware::entry", executor = "limits_firmware::Executor")]
//! async fn main(_spawner: Spawner) {
//!     limits_firmware::init();
//!     defmt::info!("up");
//!     limits_firmware::exit(0)
//! }
//! ```
#![no_std]

mod executor;
mod fault;
pub mod log_limit;
pub mod lora;
mod reset;
mod retained;
pub mod soft_interrupt;
pub mod time_driver;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
use defmt_semihosting as _;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

pub use executor::Executor;
pub use reset::reset;
pub use retained::Retained;
pub use time_driver::{init, init_at};

// Coarse, so that a log does not change with the count of instructions that a
// compiler needs for the same work.
defmt::timestamp!("{=u64:ms}", embassy_time::Instant::now().as_millis());

/// Ends the emulator, whose exit status becomes `code`.
pub fn exit(code: u8) -> ! {
    semihosting::process::exit(code.into())
}
