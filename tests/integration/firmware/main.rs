//! The firmware, run on every board in QEMU.
//!
//! A log differs from its snapshot in `tests/firmware` where the examples
//! changed; `UPDATE_SNAPSHOTS=1` writes the snapshots anew.

mod builds;
mod examples;
mod on_target;
mod snapshot;

use std::io;

use libtest_mimic::{Arguments, Trial};

fn main() -> io::Result<()> {
    let mut trials: Vec<Trial> = on_target::trials().collect();
    trials.extend(examples::trials()?);
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}
