//! Starting over.

/// Starts the firmware over, as after a deep sleep: all memory is as at first
/// but what is [`Retained`](crate::Retained).
pub fn reset() -> ! {
    #[cfg(target_arch = "arm")]
    cortex_m::peripheral::SCB::sys_reset();
    #[cfg(target_arch = "riscv32")]
    start_over()
}

/// Jumps to where the core starts.
///
/// The board has a register that resets it, but QEMU 7.2 hangs in its reset
/// while it counts instructions.
#[cfg(target_arch = "riscv32")]
#[expect(
    unsafe_code,
    reason = "the runtime's entry is no function that may be called"
)]
fn start_over() -> ! {
    unsafe extern "C" {
        fn _start() -> !;
    }
    riscv::interrupt::disable();
    // SAFETY: with interrupts disabled nothing runs any more that could see
    // memory and the stack being set up anew.
    unsafe { _start() }
}
