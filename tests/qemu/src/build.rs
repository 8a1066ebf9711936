//! Builds firmware with a cargo of its own.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;

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
    build_with(folder, board, &["--bins", "--tests"])
}

/// Builds for `board`, in the release profile, what `options` of `cargo build` name.
///
/// # Errors
///
/// As [`build`].
pub fn build_with(folder: &Path, board: Board, options: &[&str]) -> Result<Vec<Binary>, Error> {
    let format = ["--message-format", "json-render-diagnostics"];
    let mut cargo = cargo(folder, board, &[&format, options].concat())?;
    match messages(&mut cargo)? {
        (true, messages) => Ok(binaries(&messages)),
        (false, _) => Err(Error::Build {
            target: board.target(),
        }),
    }
}

/// Tries to build what `options` of `cargo build` name, and tells the crate whose
/// code was refused first; `None` if it builds.
///
/// # Errors
///
/// If the build fails for another reason.
pub fn refused_crate(
    folder: &Path,
    board: Board,
    options: &[&str],
) -> Result<Option<String>, Error> {
    let mut cargo = cargo(
        folder,
        board,
        &[&["--message-format", "json"], options].concat(),
    )?;
    // It tells what the messages tell.
    cargo.stderr(Stdio::null());
    let (is_built, messages) = messages(&mut cargo)?;
    if is_built {
        return Ok(None);
    }
    let refused = parse::<Diagnostic>(&messages).find(|said| said.message.level == "error");
    match refused {
        Some(refused) => Ok(Some(refused.target.name)),
        None => Err(Error::Build {
            target: board.target(),
        }),
    }
}

fn cargo(folder: &Path, board: Board, options: &[&str]) -> Result<Command, Error> {
    let target = board.target();
    let mut cargo = toolchain::cargo(target)?;
    cargo
        .current_dir(folder)
        .args(["build", "--quiet", "--locked", "--release"])
        .args(options)
        .args(["--target", target])
        // Whatever the user's configuration says.
        .args(["--target-dir", "target"]);
    Ok(cargo)
}

/// Tells whether cargo succeeds, and what it writes.
fn messages(cargo: &mut Command) -> Result<(bool, Vec<u8>), Error> {
    let mut cargo = Process::start(cargo, LIMIT).map_err(Error::io("cargo"))?;
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
    Ok((status.map_err(|_| timed_out())?.success(), messages))
}

fn binaries(messages: &[u8]) -> Vec<Binary> {
    parse::<Message>(messages)
        .filter_map(Message::into_binary)
        .collect()
}

/// Parses the lines that are messages of one kind.
fn parse<T: DeserializeOwned>(messages: &[u8]) -> impl Iterator<Item = T> {
    let lines = messages.split(|byte| *byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice(line).ok())
}

/// What cargo says of each thing it builds, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    target: Target,
    executable: Option<PathBuf>,
}

/// What the compiler says of a crate.
#[derive(Deserialize)]
struct Diagnostic {
    target: Name,
    message: Level,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Level {
    level: String,
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
