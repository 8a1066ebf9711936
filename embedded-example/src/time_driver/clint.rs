//! RISC-V's machine timer, in the CLINT of QEMU's `virt`.

const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
const MTIME: *mut u32 = 0x0200_BFF8 as *mut u32;
const COUNTS_PER_MICRO: u64 = 10;

/// Counts microseconds by `mtime`, which runs by itself.
pub(super) struct Counter(());

impl Counter {
    pub(super) const fn new() -> Self {
        Self(())
    }

    pub(super) fn start(&mut self) {
        compare_with(u64::MAX);
        // Low, high, low: it goes on counting, and might carry in between.
        write(MTIME, 0);
        write(MTIME.wrapping_add(1), 0);
        write(MTIME, 0);
        enable_interrupt();
    }

    pub(super) fn now(&self) -> u64 {
        mtime() / COUNTS_PER_MICRO
    }

    /// Silences the interrupt until the next [`arm`](Self::arm).
    pub(super) fn on_interrupt(&mut self) {
        compare_with(u64::MAX);
    }

    /// Has an interrupt come at `at`, at once if it has passed.
    pub(super) fn arm(&mut self, at: u64) -> bool {
        compare_with(at.saturating_mul(COUNTS_PER_MICRO));
        true
    }
}

fn mtime() -> u64 {
    loop {
        let (high, low) = (read(MTIME.wrapping_add(1)), read(MTIME));
        if high == read(MTIME.wrapping_add(1)) {
            return (u64::from(high) << 32) | u64::from(low);
        }
    }
}

#[expect(unsafe_code, reason = "registers of the CLINT")]
fn read(register: *const u32) -> u32 {
    // SAFETY: the registers above are mapped on this board, always.
    unsafe { register.read_volatile() }
}

/// Sets `mtimecmp`, in an order that never matches too early.
fn compare_with(count: u64) {
    let [low, high] = halves(count);
    write(MTIMECMP.wrapping_add(1), u32::MAX);
    write(MTIMECMP, low);
    write(MTIMECMP.wrapping_add(1), high);
}

#[expect(unsafe_code, reason = "registers of the CLINT")]
fn write(register: *mut u32, value: u32) {
    // SAFETY: as in `read`, and only the time driver uses them.
    unsafe { register.write_volatile(value) }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it splits the number in two"
)]
fn halves(count: u64) -> [u32; 2] {
    [count as u32, (count >> 32) as u32]
}

#[expect(
    unsafe_code,
    reason = "unmasking interrupts is unsafe in a critical section"
)]
fn enable_interrupt() {
    // SAFETY: its handler is below; it waits for the critical section to end.
    unsafe {
        riscv::register::mie::set_mtimer();
        riscv::interrupt::enable();
    }
}

#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn on_machine_timer() {
    super::on_interrupt();
}
