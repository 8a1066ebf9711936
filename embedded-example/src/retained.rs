//! Memory that outlives a reset.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

/// So many bytes that keep their content over [`reset`](crate::reset()), as a
/// microcontroller's RTC memory does over a deep sleep.
///
/// After power was lost they are anything: what reads them must refuse what it
/// has not written, as `limits_core::TableStorage::restore` does. They belong
/// into a section that the startup code leaves alone:
///
/// ```ignore
/// #[expect(unsafe_code, reason = "the section is one that startup leaves as it is")]
/// #[unsafe(link_section = ".uninit.budgets")]
/// static BUDGETS: Retained<{ Budgets::STATE_LEN }> = Retained::new();
/// ```
pub struct Retained<const N: usize>(UnsafeCell<MaybeUninit<[u8; N]>>);

#[expect(unsafe_code, reason = "a cell in a static")]
// SAFETY: critical sections allow one access at a time.
unsafe impl<const N: usize> Sync for Retained<N> {}

impl<const N: usize> Retained<N> {
    /// Makes what is to be placed in a section; it writes no memory.
    #[must_use]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Reads what is there.
    #[must_use]
    #[expect(unsafe_code, reason = "memory that the program has not written")]
    pub fn load(&self) -> [u8; N] {
        // SAFETY: the memory is there and any content of it is bytes; volatile,
        // since the compiler takes it for uninitialised.
        critical_section::with(|_| unsafe { self.0.get().cast::<[u8; N]>().read_volatile() })
    }

    /// Writes what another start will read.
    #[expect(unsafe_code, reason = "memory that another start will read")]
    pub fn save(&self, bytes: [u8; N]) {
        // SAFETY: in a critical section nothing else accesses it.
        critical_section::with(|_| unsafe {
            self.0.get().cast::<[u8; N]>().write_volatile(bytes);
        });
    }
}

impl<const N: usize> Default for Retained<N> {
    fn default() -> Self {
        Self::new()
    }
}
