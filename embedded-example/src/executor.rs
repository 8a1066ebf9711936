//! The executor: embassy's own, asleep with `wfi`.

use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use embassy_executor::{Spawner, raw};

static WORK: AtomicBool = AtomicBool::new(false);

/// Runs the tasks and sleeps with `wfi` when none can go on.
///
/// embassy's executor for Cortex-M sleeps with `wfe`, which QEMU runs as a
/// no-op, so an hour of idling would take an hour. On real hardware use that
/// one; nothing else in a binary changes.
pub struct Executor {
    inner: raw::Executor,
}

impl Default for Executor {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor {
    /// Makes an executor without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: raw::Executor::new(ptr::null_mut()),
        }
    }

    /// Lets `init` spawn the first tasks and runs them for good.
    pub fn run(&'static mut self, init: impl FnOnce(Spawner)) -> ! {
        init(self.inner.spawner());
        loop {
            self.poll();
            sleep_without_work();
        }
    }

    #[expect(
        unsafe_code,
        reason = "`raw::Executor::poll` must not be entered twice"
    )]
    fn poll(&'static self) {
        // SAFETY: called from `run` only, which has the executor for itself.
        unsafe { self.inner.poll() }
    }
}

fn sleep_without_work() {
    // Masked, so that no wake slips in between the test and the sleep; `wfi`
    // returns on a pending interrupt even so.
    critical_section::with(|_| {
        if WORK.load(Ordering::Acquire) {
            WORK.store(false, Ordering::Release);
        } else {
            wait_for_interrupt();
        }
    });
}

fn wait_for_interrupt() {
    #[cfg(target_arch = "arm")]
    cortex_m::asm::wfi();
    #[cfg(target_arch = "riscv32")]
    riscv::asm::wfi();
}

#[expect(unsafe_code, reason = "embassy finds this function by its name")]
#[unsafe(export_name = "__pender")]
fn pender(_executor: *mut ()) {
    WORK.store(true, Ordering::Release);
}
