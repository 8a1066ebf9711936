//! The boards, for build scripts.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

const BOARDS: [(&str, &str); 4] = [
    ("thumbv6m-none-eabi", "microbit"),
    ("thumbv7m-none-eabi", "mps2-an385"),
    ("thumbv7em-none-eabihf", "mps2-an386"),
    ("riscv32imac-unknown-none-elf", "riscv-virt"),
];

/// Chooses the board of the target, hands its memory map in `folder` to the
/// linker, and tells its name to the code as `board`.
pub(crate) fn choose(folder: &Path) -> Result<(), Box<dyn Error>> {
    let target = env::var("TARGET")?;
    let (_, board) = BOARDS
        .iter()
        .find(|(of, _)| *of == target)
        .ok_or_else(|| format!("no board for target {target}"))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("not run by cargo")?);
    fs::copy(folder.join(format!("{board}.x")), out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    if *board == "riscv-virt" {
        // riscv-rt's script does not include it, cortex-m-rt's does.
        println!("cargo::rustc-link-arg=-Tmemory.x");
    }
    println!("cargo::rustc-link-arg=-Tlink.x");
    println!("cargo::rustc-check-cfg=cfg(board, values({}))", names());
    println!("cargo::rustc-check-cfg=cfg(rust_analyzer)");
    println!("cargo::rustc-cfg=board=\"{board}\"");
    println!("cargo::rerun-if-changed={}", folder.display());
    Ok(())
}

fn names() -> String {
    BOARDS.map(|(_, board)| format!("{board:?}")).join(", ")
}
