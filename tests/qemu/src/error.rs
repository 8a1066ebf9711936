//! What can go wrong before the firmware has its say.

use core::time::Duration;
use std::io;
use std::path::PathBuf;

/// Why firmware could not be built or run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No toolchain has the target's `core`.
    #[error(
        "no `core` for {target}: run `rustup target add {target}`, or set EMBEDDED_TOOLCHAIN \
         to the folder that `tests/embedded-toolchain {target}` prints"
    )]
    NoTarget {
        /// The target in question.
        target: &'static str,
    },
    /// QEMU is not installed.
    #[error("no {program}; install it with: apt-get install qemu-system-arm qemu-system-misc")]
    NoEmulator {
        /// The program that was looked for.
        program: &'static str,
    },
    /// Cargo failed, and has told why.
    #[error("cargo could not build the firmware for {target}")]
    Build {
        /// The target it was built for.
        target: &'static str,
    },
    /// A program took longer than it may; it has been killed.
    #[error("{program} was killed after {limit:?}; until then:\n{output}")]
    TimedOut {
        /// The program.
        program: String,
        /// How long it may take.
        limit: Duration,
        /// The log so far.
        output: String,
    },
    /// The ELF file is not firmware of ours.
    #[error("{}: {problem}", path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// What the firmware wrote is no `defmt` frame.
    #[error("the firmware wrote something else than defmt frames, after:\n{output}")]
    Malformed {
        /// The log until then.
        output: String,
    },
    /// A file or a program could not be used.
    #[error("{what}: {source}")]
    Io {
        /// The file or program.
        what: String,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
