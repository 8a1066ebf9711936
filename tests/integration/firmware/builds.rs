//! The firmware, built once for each board.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use limits_qemu::{BOARDS, Binary, Board, Kind, build};

static BUILDS: [OnceLock<Result<Vec<Binary>, String>>; BOARDS.len()] =
    [const { OnceLock::new() }; BOARDS.len()];

/// Tells where the firmware package is.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../embedded-example")
}

/// Tells the binaries of one kind for `board`.
pub(crate) fn binaries(
    board: Board,
    kind: Kind,
) -> Result<impl Iterator<Item = &'static Binary>, String> {
    let build = BOARDS.iter().zip(&BUILDS).find(|(of, _)| **of == board);
    let (_, build) = build.ok_or_else(|| format!("no build for {board}"))?;
    let binaries = build
        .get_or_init(|| build_for(board))
        .as_ref()
        .map_err(Clone::clone)?;
    Ok(binaries.iter().filter(move |binary| binary.kind == kind))
}

fn build_for(board: Board) -> Result<Vec<Binary>, String> {
    build(&folder(), board).map_err(|error| error.to_string())
}
