//! An interrupt that software raises, in place of a radio's or a pin's.

use core::cell::Cell;

use embassy_sync::blocking_mutex::CriticalSectionMutex;

static HANDLER: CriticalSectionMutex<Cell<fn()>> = CriticalSectionMutex::new(Cell::new(|| {}));

/// Enables the interrupt and has `handler` called by it.
pub fn enable(handler: fn()) {
    HANDLER.lock(|cell| cell.set(handler));
    #[cfg(target_arch = "riscv32")]
    clint::enable();
}

/// Raises the interrupt; it comes as soon as interrupts are not masked.
pub fn raise() {
    #[cfg(target_arch = "arm")]
    cortex_m::peripheral::SCB::set_pendsv();
    #[cfg(target_arch = "riscv32")]
    clint::write(1);
}

#[cfg(target_arch = "arm")]
#[cortex_m_rt::exception]
fn PendSV() {
    HANDLER.lock(Cell::get)();
}

#[cfg(target_arch = "riscv32")]
mod clint {
    const MSIP: *mut u32 = 0x0200_0000 as *mut u32;

    #[expect(unsafe_code, reason = "a register")]
    pub(super) fn write(pending: u32) {
        // SAFETY: the register of the CLINT that raises the software interrupt
        // of this core, always mapped.
        unsafe { MSIP.write_volatile(pending) }
    }

    #[expect(unsafe_code, reason = "interrupts may break critical sections")]
    pub(super) fn enable() {
        // SAFETY: not called in a critical section.
        unsafe { riscv::register::mie::set_msoft() }
    }

    #[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineSoft)]
    fn on_machine_soft() {
        write(0);
        super::HANDLER.lock(core::cell::Cell::get)();
    }
}
