//! Builds firmware for a bare-metal target, runs it in QEMU and decodes its
//! `defmt` log.
//!
//! A run is exactly repeatable: QEMU counts instructions instead of looking at
//! the host's clock, and jumps over the time in which the firmware sleeps.
//!
//! The program `qemu-runner` does it for `cargo run` and `cargo test`; a test
//! that compares logs uses [`build`] and [`run`] directly.

mod board;
mod build;
mod error;
mod log;
mod machine;
mod process;
mod size;
mod suite;
mod toolchain;

pub use board::{BOARDS, Board};
pub use build::{Binary, Kind, build, build_with, refused_crate};
pub use error::Error;
pub use log::Line;
pub use machine::{Run, run, run_slowly};
pub use size::{Size, find_symbols};
pub use suite::{TestCase, tests_in};
pub use toolchain::rustc_version;
