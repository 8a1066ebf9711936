//! The programs in `embedded-example/src/bin`, on every board.

use core::time::Duration;
use std::fs;
use std::io;

use libtest_mimic::Trial;
use limits_qemu::{BOARDS, Board, Kind, Run, run};

use super::{builds, snapshot};

const LIMIT: Duration = Duration::from_secs(120);

/// Makes two tests a program: its log, and that it comes again.
pub(crate) fn trials() -> io::Result<impl Iterator<Item = Trial>> {
    Ok(names()?.into_iter().flat_map(|name| {
        let again = name.clone();
        [
            Trial::test(format!("{name} logs the same on every board"), move || {
                Ok(logs_its_snapshot(&name)?)
            }),
            Trial::test(format!("{again} runs the same again"), move || {
                Ok(runs_the_same_again(&again)?)
            }),
        ]
    }))
}

fn names() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(builds::folder().join("src/bin"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into()));
    }
    names.sort();
    Ok(names)
}

/// Compares with one snapshot for all boards: what an example decides depends
/// on the instants it acts at, and not on the core that runs it.
fn logs_its_snapshot(name: &str) -> Result<(), String> {
    for board in BOARDS {
        let log = text(&run_on(board, name)?);
        snapshot::compare(name, &log).map_err(|difference| format!("on {board}: {difference}"))?;
    }
    Ok(())
}

fn runs_the_same_again(name: &str) -> Result<(), String> {
    for board in BOARDS {
        let (first, second) = (run_on(board, name)?, run_on(board, name)?);
        if first != second {
            let (first, second) = (text(&first), text(&second));
            let difference = snapshot::difference(&first, &second);
            return Err(format!("on {board}, first and second run:\n{difference}"));
        }
    }
    Ok(())
}

fn run_on(board: Board, name: &str) -> Result<Run, String> {
    let binary = builds::binaries(board, Kind::Bin)?
        .find(|binary| binary.name == name)
        .ok_or_else(|| format!("cargo did not build {name}"))?;
    run(&binary.elf, board, &[], LIMIT, |_| ()).map_err(|error| format!("on {board}: {error}"))
}

fn text(run: &Run) -> String {
    let code = run.code.map_or("none".to_owned(), |code| code.to_string());
    format!("{}exit code {code}\n", run.text())
}
