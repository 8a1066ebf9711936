//! What an image takes of a microcontroller's memories, and what is in it.

use std::fs;
use std::path::Path;

use object::elf::{SHF_ALLOC, SHF_WRITE};
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags};

use crate::Error;

/// What the runtimes let the linker fill the rest of the memory with.
const FILLERS: [&str; 2] = [".heap", ".stack"];

/// The bytes that an image takes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Size {
    /// Code, constants, and what variables start as.
    pub flash: u64,
    /// Variables, without the stack.
    pub ram: u64,
}

impl Size {
    /// Measures an ELF file.
    ///
    /// # Errors
    ///
    /// If the file can't be read or is no ELF file of 32 bits.
    pub fn of(elf: &Path) -> Result<Self, Error> {
        read(elf, |file| {
            let mut size = Self::default();
            for section in file.sections() {
                size.add(&section, section.name()?);
            }
            Ok(size)
        })
    }

    fn add<'data>(&mut self, section: &impl ObjectSection<'data>, name: &str) {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            return;
        };
        let has = |flag: u32| sh_flags & u64::from(flag) != 0;
        if !has(SHF_ALLOC) || FILLERS.contains(&name) {
            return;
        }
        if section.kind() != object::SectionKind::UninitializedData {
            self.flash += section.size();
        }
        if has(SHF_WRITE) {
            self.ram += section.size();
        }
    }
}

/// Finds the symbols of an ELF file whose mangled names contain one of `parts`.
///
/// # Errors
///
/// As [`Size::of`].
pub fn find_symbols(elf: &Path, parts: &[&str]) -> Result<Vec<String>, Error> {
    read(elf, |file| {
        let mut found = Vec::new();
        for symbol in file.symbols() {
            let name = symbol.name()?;
            if parts.iter().any(|part| name.contains(part)) {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    })
}

fn read<T>(
    elf: &Path,
    read: impl FnOnce(&ElfFile32<'_>) -> object::read::Result<T>,
) -> Result<T, Error> {
    let bytes = fs::read(elf).map_err(Error::io(elf.display().to_string()))?;
    let file = ElfFile32::parse(bytes.as_slice());
    file.and_then(|file| read(&file))
        .map_err(|error| Error::Elf {
            path: elf.to_owned(),
            problem: error.to_string(),
        })
}
