//! Runs an ELF file in QEMU.

use core::time::Duration;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use defmt_decoder::Table;

use crate::process::Process;
use crate::{Board, Error, Line, log};

/// An instruction takes 8 ns of emulated time, and waiting none of ours.
const CLOCK: &str = "shift=3,sleep=off";
/// An instruction takes 1,024 ns, so that a slow timer can tell one from two.
const SLOW_CLOCK: &str = "shift=10,sleep=off";
/// Nothing but the firmware's log on the standard output.
const QUIET: [&str; 5] = ["-nographic", "-monitor", "none", "-serial", "null"];

/// What a run has left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Run {
    /// The firmware's exit code; `None` if a signal ended QEMU.
    pub code: Option<i32>,
    /// The decoded log.
    pub log: Vec<Line>,
}

impl Run {
    /// Tells the log as text, one line each.
    #[must_use]
    pub fn text(&self) -> String {
        log::text(&self.log)
    }
}

/// Runs firmware to its end and shows each log line as it comes.
///
/// `arguments` are the firmware's command line. A run longer than `limit` is
/// killed.
///
/// # Errors
///
/// If QEMU is missing or takes too long, or the log cannot be decoded. An exit
/// code is no error.
pub fn run(
    elf: &Path,
    board: Board,
    arguments: &[&str],
    limit: Duration,
    mut show: impl FnMut(&Line),
) -> Result<Run, Error> {
    let table = read_table(elf)?;
    let mut decoder = table.new_stream_decoder();
    let mut qemu = start(elf, board, CLOCK, arguments, limit)?;
    let mut log = Vec::new();
    let timed_out = |log: &[Line]| Error::TimedOut {
        program: board.emulator().to_owned(),
        limit,
        output: log::text(log),
    };
    while let Some(bytes) = qemu.read().map_err(|_| timed_out(&log))? {
        decoder.received(&bytes);
        while let Some(line) = log::next_line(&mut *decoder).map_err(|_| malformed(&log))? {
            show(&line);
            log.push(line);
        }
    }
    let status = qemu.wait().map_err(Error::io(board.emulator()))?;
    let status = status.map_err(|_| timed_out(&log))?;
    let code = status.code();
    Ok(Run { code, log })
}

/// Runs an image that writes text, not a log, with a clock by which it can count
/// its instructions; tells the text.
///
/// # Errors
///
/// If QEMU is missing or takes too long, or the exit code is not 0.
pub fn run_slowly(elf: &Path, board: Board, limit: Duration) -> Result<String, Error> {
    let mut qemu = start(elf, board, SLOW_CLOCK, &[], limit)?;
    let mut bytes = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let timed_out = |bytes: &[u8]| Error::TimedOut {
        program: board.emulator().to_owned(),
        limit,
        output: text(bytes),
    };
    while let Some(more) = qemu.read().map_err(|_| timed_out(&bytes))? {
        bytes.extend(more);
    }
    let status = qemu.wait().map_err(Error::io(board.emulator()))?;
    if status.map_err(|_| timed_out(&bytes))?.success() {
        return Ok(text(&bytes));
    }
    Err(Error::Elf {
        path: elf.to_owned(),
        problem: format!("it failed on {board}, after:\n{}", text(&bytes)),
    })
}

fn read_table(elf: &Path) -> Result<Table, Error> {
    let bytes = fs::read(elf).map_err(Error::io(elf.display().to_string()))?;
    let problem = match Table::parse(&bytes) {
        Ok(Some(table)) => return Ok(table),
        Ok(None) => "it has no defmt log".to_owned(),
        Err(error) => error.to_string(),
    };
    let path = elf.to_owned();
    Err(Error::Elf { path, problem })
}

fn start(
    elf: &Path,
    board: Board,
    clock: &str,
    arguments: &[&str],
    limit: Duration,
) -> Result<Process, Error> {
    let mut command = Command::new(board.emulator());
    command
        .args(board.options())
        .args(["-icount", clock])
        .args(QUIET)
        .args(["-semihosting-config", &semihosting(arguments)])
        .arg("-kernel")
        .arg(elf);
    Process::start(&mut command, limit).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NoEmulator {
            program: board.emulator(),
        },
        _ => Error::io(board.emulator())(source),
    })
}

fn semihosting(arguments: &[&str]) -> String {
    let arguments = arguments.iter().map(|argument| format!(",arg={argument}"));
    "enable=on,target=native".to_owned() + &arguments.collect::<String>()
}

fn malformed(log: &[Line]) -> Error {
    let output = log::text(log);
    Error::Malformed { output }
}
