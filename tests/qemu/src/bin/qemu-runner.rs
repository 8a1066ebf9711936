//! Runs an ELF file on the board of its target, for cargo.
//!
//! A program's log is printed as it comes and its exit code passed on. Tests of
//! `embedded-test` are listed, filtered and reported as cargo's own are, each
//! run on a board that has just been switched on.

use core::error::Error;
use core::time::Duration;
use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use limits_qemu::{Board, TestCase, run, tests_in};

const LIMIT: Duration = Duration::from_secs(600);
const KILLED: u8 = 124;

fn main() -> ExitCode {
    run_elf().unwrap_or_else(|error| {
        eprintln!("qemu-runner: {error}");
        ExitCode::FAILURE
    })
}

fn run_elf() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args();
    let elf = PathBuf::from(
        arguments
            .nth(1)
            .ok_or("usage: qemu-runner ELF [ARGUMENT]...")?,
    );
    let board = Board::of(&elf).ok_or_else(|| format!("no board for {}", elf.display()))?;
    match tests_in(&elf)? {
        Some(tests) => Ok(run_tests(board, tests, arguments)),
        None => run_program(&elf, board),
    }
}

fn run_program(elf: &Path, board: Board) -> Result<ExitCode, Box<dyn Error>> {
    let run = run(elf, board, &[], LIMIT, |line| println!("{line}"))?;
    let code = run.code.map_or(Ok(KILLED), u8::try_from)?;
    Ok(ExitCode::from(code))
}

fn run_tests(
    board: Board,
    tests: Vec<TestCase>,
    options: impl Iterator<Item = String>,
) -> ExitCode {
    let program = "qemu-runner".to_owned();
    let options = Arguments::from_iter(core::iter::once(program).chain(options));
    let trials = tests.into_iter().map(|test| trial(board, test)).collect();
    libtest_mimic::run(&options, trials).exit_code()
}

fn trial(board: Board, test: TestCase) -> Trial {
    let is_ignored = test.is_ignored();
    let name = test.name().to_owned();
    Trial::test(name, move || test.run(board).map_err(Failed::from)).with_ignored_flag(is_ignored)
}
