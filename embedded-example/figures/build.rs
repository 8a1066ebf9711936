//! Hands the memory map of the target's board to the linker.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

const BOARDS: [(&str, &str); 4] = [
    ("thumbv6m-none-eabi", "microbit"),
    ("thumbv7m-none-eabi", "mps2-an385"),
    ("thumbv7em-none-eabihf", "mps2-an386"),
    ("riscv32imac-unknown-none-elf", "riscv-virt"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let target = env::var("TARGET")?;
    let (_, board) = BOARDS
        .iter()
        .find(|(of, _)| *of == target)
        .ok_or_else(|| format!("no board for target {target}"))?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::copy(format!("../memory/{board}.x"), out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    if *board == "riscv-virt" {
        // riscv-rt's script does not include it, cortex-m-rt's does.
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
    }
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!(
        "cargo::rustc-check-cfg=cfg(board, values({}))",
        BOARDS.map(|(_, board)| format!("{board:?}")).join(", ")
    );
    println!("cargo::rustc-cfg=board=\"{board}\"");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../memory");
    Ok(())
}
