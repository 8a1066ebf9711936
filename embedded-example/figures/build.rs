//! Links the images for the board of the target.

#[path = "../board.rs"]
mod board;

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    board::choose(Path::new("../memory"))?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../board.rs");
    Ok(())
}
