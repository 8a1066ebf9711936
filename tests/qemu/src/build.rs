//! Builds firmware with a cargo of its own.

use core::time::Duration;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::process::Process;
use crate::{Board, Error, toolchain};

/// Long enough for a slow machine that builds everything anew.
const LIMIT: Duration = Duration::from_secs(1800);

/// What a binary is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// A program, from `src/bin`.
    Bin,
    /// A list of tests, from `tests`.
    Test,
    /// Nothing that runs on a board.
    #[serde(other)]
    Other,
}

/// A binary that was built.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binary {
    /// Its name in `Cargo.toml`.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// Where it is.
    pub elf: PathBuf,
}

/// Builds all binaries and tests of the firmware package in `folder` for
/// `board`, in the release profile.
///
/// # Errors
///
/// If there is no toolchain for the board's target, or the build fails.
pub fn build(folder: &Path, board: Board) -> Result<Vec<Binary>, Error> {
    let target = board.target();
    let mut cargo = toolchain::cargo(target)?;
    cargo
        .current_dir(folder)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--release",
            "--bins",
            "--tests",
        ])
        .args(["--message-format", "json-render-diagnostics"])
        .args(["--target", target])
        // Whatever the user's configuration says.
        .args(["--target-dir", "target"]);
    let mut cargo = Process::start(&mut cargo, LIMIT).map_err(Error::io("cargo"))?;
    let timed_out = || Error::TimedOut {
        program: "cargo".to_owned(),
        limit: LIMIT,
        output: String::new(),
    };
    let mut messages = Vec::new();
    while let Some(bytes) = cargo.read().map_err(|_| timed_out())? {
        messages.extend(bytes);
    }
    let status = cargo.wait().map_err(Error::io("cargo"))?;
    if !status.map_err(|_| timed_out())?.success() {
        return Err(Error::Build { target });
    }
    Ok(binaries(&messages))
}

fn binaries(messages: &[u8]) -> Vec<Binary> {
    let lines = messages.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    messages.filter_map(Message::into_binary).collect()
}

/// What cargo says of each thing it builds, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<Kind>,
}

impl Message {
    fn into_binary(self) -> Option<Binary> {
        let kind = *self.target.kind.first()?;
        Some(Binary {
            name: self.target.name,
            kind,
            elf: self
                .executable
                .filter(|_| matches!(kind, Kind::Bin | Kind::Test))?,
        })
    }
}
