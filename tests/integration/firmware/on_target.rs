//! The tests in `embedded-example/tests`, on every board.

use libtest_mimic::Trial;
use limits_qemu::{BOARDS, Board, Kind, tests_in};

use super::builds;

/// Makes one test a board, for all that run on it.
pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    BOARDS.into_iter().map(|board| {
        let name = format!("the tests on {board} pass");
        Trial::test(name, move || Ok(run_all(board)?))
    })
}

fn run_all(board: Board) -> Result<(), String> {
    let mut failures = String::new();
    let mut count = 0;
    for binary in builds::binaries(board, Kind::Test)? {
        let tests = tests_in(&binary.elf).map_err(|error| error.to_string())?;
        let tests = tests.filter(|tests| !tests.is_empty());
        let tests = tests.ok_or_else(|| format!("no tests in {}", binary.elf.display()))?;
        for test in tests.iter().filter(|test| !test.is_ignored()) {
            count += 1;
            if let Err(report) = test.run(board) {
                failures += &format!("{} {report}\n", test.name());
            }
        }
    }
    match (failures.is_empty(), count) {
        (_, 0) => Err(format!("no tests for {board}")),
        (true, _) => Ok(()),
        (false, _) => Err(failures),
    }
}
