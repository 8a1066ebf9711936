//! What the images share: the firmware's executor and clock, and a count of instructions.
//!
//! Without a log, and with a panic handler that has no message, so that an
//! image has nothing in it but what it shows.
#![no_std]

#[cfg(feature = "count")]
pub mod count;
#[cfg(feature = "firmware")]
#[path = "../../src/executor.rs"]
mod executor;
mod panic;
#[cfg(feature = "count")]
pub mod patterns;
#[cfg(feature = "count")]
mod strategy;
#[cfg(feature = "firmware")]
#[path = "../../src/time_driver/mod.rs"]
pub mod time_driver;

// For the critical section.
#[cfg(target_arch = "arm")]
use cortex_m as _;
#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
use riscv as _;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

#[cfg(feature = "firmware")]
pub use executor::Executor;
#[cfg(feature = "firmware")]
pub use time_driver::init;

/// Whether the cost of the hits is known at run time only; it is 1 if not.
pub const ANY_COST: bool = cfg!(feature = "any-cost");

/// How many keys the tables have in which instructions are counted.
pub const KEYS: u32 = if cfg!(feature = "keys-64") { 64 } else { 16 };
