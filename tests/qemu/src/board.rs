//! The machines that the firmware runs on.

use core::fmt;
use std::path::Path;

/// A machine of QEMU and the target that is built for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Board {
    name: &'static str,
    target: &'static str,
    emulator: &'static str,
    options: &'static [&'static str],
}

/// Every board, from the smallest core up.
pub const BOARDS: [Board; 4] = [
    Board {
        name: "microbit",
        target: "thumbv6m-none-eabi",
        emulator: "qemu-system-arm",
        options: &["-machine", "microbit"],
    },
    Board {
        name: "mps2-an385",
        target: "thumbv7m-none-eabi",
        emulator: "qemu-system-arm",
        options: &["-machine", "mps2-an385"],
    },
    Board {
        name: "mps2-an386",
        target: "thumbv7em-none-eabihf",
        emulator: "qemu-system-arm",
        options: &["-machine", "mps2-an386"],
    },
    Board {
        name: "riscv-virt",
        target: "riscv32imac-unknown-none-elf",
        emulator: "qemu-system-riscv32",
        options: &["-machine", "virt", "-bios", "none"],
    },
];

impl Board {
    /// Tells the board whose target is a folder on the path of an ELF file.
    #[must_use]
    pub fn of(elf: &Path) -> Option<Self> {
        let is_folder = |board: &Self| elf.iter().any(|part| part == board.target);
        BOARDS.into_iter().find(is_folder)
    }

    /// Tells the name, such as `microbit`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Tells the target, such as `thumbv6m-none-eabi`.
    #[must_use]
    pub const fn target(&self) -> &'static str {
        self.target
    }

    pub(crate) const fn emulator(&self) -> &'static str {
        self.emulator
    }

    pub(crate) const fn options(&self) -> &'static [&'static str] {
        self.options
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
