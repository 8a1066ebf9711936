//! Counts the instructions of a call.
//!
//! Under `-icount shift=10` QEMU gives each instruction 1,024 ns of emulated
//! time, and `SysTick` counts more than 16 cycles in that: the difference of two
//! readings tells the number of instructions exactly.

use cortex_m::Peripherals;
use cortex_m::peripheral::{SYST, syst::SystClkSource};
use semihosting::println;

/// A cycle of the core, as QEMU models it, in picoseconds.
const CYCLE_PS: u64 = if cfg!(board = "microbit") {
    62_500
} else {
    40_000
};
const INSTRUCTION_PS: u64 = 1_024_000;
const WRAP: u32 = 1 << 24;

/// Counts instructions; there is one in an image.
pub struct Counter {
    /// What a call of nothing takes.
    overhead: u32,
}

impl Counter {
    /// Starts `SysTick` and shows that ten instructions count as ten.
    ///
    /// # Panics
    ///
    /// If it was called before.
    #[must_use]
    pub fn start() -> Self {
        let mut syst = Peripherals::take().expect("called once").SYST;
        syst.set_clock_source(SystClkSource::Core);
        syst.set_reload(WRAP - 1);
        syst.clear_current();
        syst.enable_counter();
        let overhead = count(&mut || {});
        let counter = Self { overhead };
        println!("nops={}", counter.instructions_of(ten_nops));
        counter
    }

    /// Tells how many instructions `call` takes, to be called and to return included.
    pub fn instructions_of(&self, mut call: impl FnMut()) -> u32 {
        count(&mut call) - self.overhead
    }
}

#[inline(never)]
fn count(call: &mut dyn FnMut()) -> u32 {
    let before = SYST::get_current();
    call();
    let after = SYST::get_current();
    let cycles = before.wrapping_sub(after) % WRAP;
    let rounded = (u64::from(cycles) * CYCLE_PS + INSTRUCTION_PS / 2) / INSTRUCTION_PS;
    u32::try_from(rounded).unwrap_or(u32::MAX)
}

fn ten_nops() {
    use cortex_m::asm::nop;
    nop();
    nop();
    nop();
    nop();
    nop();
    nop();
    nop();
    nop();
    nop();
    nop();
}
