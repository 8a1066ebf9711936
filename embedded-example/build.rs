//! Links the firmware for the board of the target.

mod board;

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    board::choose(Path::new("memory"))?;
    println!("cargo::rustc-link-arg=-Tdefmt.x");
    println!("cargo::rustc-link-arg-tests=-Tembedded-test.x");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=board.rs");
    Ok(())
}
