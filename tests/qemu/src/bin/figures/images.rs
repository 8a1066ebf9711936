//! What images take of flash and RAM, and what must not be in them.

use core::error::Error;
use std::collections::BTreeMap;
use std::path::Path;

use limits_qemu::{Binary, Board, Kind, Size, build_with, find_symbols};

use crate::PACKAGE;

/// Parts of mangled names: panics, divisions of 64 bits and more, and atomics of 64 bits.
const FORBIDDEN: [&str; 17] = [
    "panicking",
    "rust_begin_unwind",
    "unwrap_failed",
    "expect_failed",
    "__aeabi_uldivmod",
    "__aeabi_ldivmod",
    "__udivdi3",
    "__divdi3",
    "__umoddi3",
    "__moddi3",
    "u64_div_rem",
    "__udivti3",
    "__umodti3",
    "u128_div_rem",
    "number8quotient",
    "__atomic_",
    "__sync_",
];

/// The sizes of images by their names.
pub(crate) type Sizes = BTreeMap<String, Size>;

/// Measures the examples.
pub(crate) fn examples(folder: &Path, board: Board) -> Result<Sizes, Box<dyn Error>> {
    let images = build_with(folder, board, &["--package", "limits-firmware", "--bins"])?;
    sizes(images)
}

/// Measures the empty firmware and the one with a limiter.
pub(crate) fn one_limiter(folder: &Path, board: Board) -> Result<Sizes, Box<dyn Error>> {
    let images = ["--bin", "baseline", "--bin", "decision"];
    let options = [
        &["--package", PACKAGE, "--features", "firmware"][..],
        &images,
    ]
    .concat();
    sizes(build_with(folder, board, &options)?)
}

/// Lists what must not be in a decision and is in the image of all of them.
pub(crate) fn forbidden(folder: &Path, board: Board) -> Result<Vec<String>, Box<dyn Error>> {
    let options = ["--package", PACKAGE, "--bin", "decisions"];
    let mut found = Vec::new();
    for image in build_with(folder, board, &options)? {
        found.extend(find_symbols(&image.elf, &FORBIDDEN)?);
    }
    Ok(found)
}

fn sizes(images: Vec<Binary>) -> Result<Sizes, Box<dyn Error>> {
    let images = images.into_iter().filter(|image| image.kind == Kind::Bin);
    let size = |image: Binary| Ok((image.name, Size::of(&image.elf)?));
    images.map(size).collect()
}
