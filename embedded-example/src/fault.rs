//! What ends a run that went wrong: a panic or a fault of the core.
#![cfg_attr(
    target_arch = "arm",
    expect(
        unsafe_code,
        reason = "a hard fault's handler must be an unsafe function"
    )
)]

use core::panic::PanicInfo;

use crate::exit;

const PANICKED: u8 = 101;
#[cfg(target_arch = "arm")]
const FAULTED: u8 = 102;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // Through defmt: any other output would break its frames.
    defmt::error!("{}", defmt::Display2Format(info));
    exit(PANICKED)
}

/// Tells a panic of `defmt` once; it has logged the message already.
#[defmt::panic_handler]
fn defmt_panic() -> ! {
    exit(PANICKED)
}

#[cfg(target_arch = "arm")]
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    defmt::error!("hard fault at {=u32:#010x}", frame.pc());
    exit(FAULTED)
}
