//! Cortex-M's `SysTick`, extended to 64 bits.

use cortex_m::Peripherals;
use cortex_m::peripheral::{SCB, SYST, syst::SystClkSource};

/// The clock of the core, as QEMU models it.
#[cfg(board = "microbit")]
const CYCLES_PER_MICRO: u32 = 16;
#[cfg(any(board = "mps2-an385", board = "mps2-an386"))]
const CYCLES_PER_MICRO: u32 = 25;

/// The longest period of the 24-bit counter: 0.7 to 1 s.
const LONGEST: u32 = 1 << 24;
/// The shortest, long enough for its interrupt to be taken before it ends.
const SHORTEST: u32 = 64;

/// Counts microseconds by periods of `SysTick`.
///
/// A period lasts until a timer is due, and a period of [`LONGEST`] follows it
/// by itself. So with interrupts masked one may be missed and the count still
/// holds; only [`LONGEST`] cycles later would it fall behind.
pub(super) struct Counter {
    /// Microseconds, and cycles of the next, at the start of the running period.
    micros: u64,
    cycles: u32,
    /// The cycles of the running period.
    period: u32,
}

impl Counter {
    pub(super) const fn new() -> Self {
        Self {
            micros: 0,
            cycles: 0,
            period: LONGEST,
        }
    }

    pub(super) fn start(&mut self) {
        let mut syst = steal_systick();
        // Most of QEMU's machines have no reference clock.
        syst.set_clock_source(SystClkSource::Core);
        *self = Self::new();
        self.restart(LONGEST);
        syst.enable_interrupt();
        syst.enable_counter();
    }

    pub(super) fn now(&self) -> u64 {
        self.micros + u64::from((self.cycles + self.elapsed()) / CYCLES_PER_MICRO)
    }

    /// Accounts for a period that has ended; one of [`LONGEST`] runs now.
    pub(super) fn on_interrupt(&mut self) {
        self.advance(self.period);
        self.period = LONGEST;
    }

    /// Has an interrupt come no later than just after `at`. False if `at` has passed.
    pub(super) fn arm(&mut self, at: u64) -> bool {
        let elapsed = self.elapsed();
        let now = self.micros + u64::from((self.cycles + elapsed) / CYCLES_PER_MICRO);
        if at <= now {
            return false;
        }
        let wait = cycles_to_wait(at - now);
        // Restarting loses the few cycles it takes: not for an interrupt that
        // comes anyway, after which the wait is armed again.
        if elapsed + wait < self.period {
            self.advance(elapsed);
            self.restart(wait);
        }
        true
    }

    /// Tells the cycles since the running period began, and those of the next
    /// one if its interrupt is pending.
    ///
    /// From a restart the counter reads 0, period - 1, ..., 1, 0; the interrupt
    /// becomes pending on the step from 1 to 0.
    fn elapsed(&self) -> u32 {
        let left = SYST::get_current();
        if !SCB::is_pendst_pending() {
            return since_start(self.period, left);
        }
        // The first reading may be from before the end of the period.
        self.period + since_start(LONGEST, SYST::get_current())
    }

    fn advance(&mut self, cycles: u32) {
        let cycles = self.cycles + cycles;
        self.micros += u64::from(cycles / CYCLES_PER_MICRO);
        self.cycles = cycles % CYCLES_PER_MICRO;
    }

    /// Starts a period of `cycles` and has one of [`LONGEST`] follow.
    fn restart(&mut self, cycles: u32) {
        let mut syst = steal_systick();
        syst.set_reload(cycles - 1);
        syst.clear_current();
        clear_pending();
        self.period = cycles;
        if syst.is_counter_enabled() {
            // The counter takes the reload value with its next clock, and the
            // new one with its next wrap.
            while SYST::get_current() == 0 {}
        }
        syst.set_reload(LONGEST - 1);
    }
}

fn since_start(period: u32, left: u32) -> u32 {
    if left == 0 { 0 } else { period - left }
}

/// Tells the cycles in `micros`, rounded up: an early interrupt finds nothing due.
fn cycles_to_wait(micros: u64) -> u32 {
    u32::try_from(micros)
        .unwrap_or(u32::MAX)
        .saturating_add(1)
        .saturating_mul(CYCLES_PER_MICRO)
        .clamp(SHORTEST, LONGEST)
}

#[expect(
    unsafe_code,
    reason = "the time driver owns SysTick, from every context"
)]
fn steal_systick() -> SYST {
    // SAFETY: nothing else in the firmware touches SysTick.
    unsafe { Peripherals::steal() }.SYST
}

#[expect(
    unsafe_code,
    reason = "cortex-m asks for `&mut SCB` to clear the pending bit"
)]
fn clear_pending() {
    const PENDSTCLR: u32 = 1 << 25;
    // SAFETY: the bit clears what it names, and zeros elsewhere do nothing.
    unsafe { (*SCB::PTR).icsr.write(PENDSTCLR) }
}

#[cortex_m_rt::exception]
fn SysTick() {
    super::on_interrupt();
}
