//! Logs that are kept in `tests/firmware`.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const UPDATE: &str = "UPDATE_SNAPSHOTS";

/// Compares `log` with the snapshot `name`, or writes that if told to.
pub(crate) fn compare(name: &str, log: &str) -> Result<(), String> {
    let path = path(name);
    if env::var_os(UPDATE).is_some_and(|value| value == "1") {
        return write(&path, log).map_err(|error| format!("{}: {error}", path.display()));
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == log {
        return Ok(());
    }
    Err(format!(
        "the log is not that of tests/firmware/{name}.log (run with {UPDATE}=1 to change it):\n{}",
        difference(&expected, log),
    ))
}

/// Shows two texts with `-` at lines of the first and `+` at lines of the
/// second, without the lines that both begin and end with.
pub(crate) fn difference(first: &str, second: &str) -> String {
    let (first, second) = (lines(first), lines(second));
    let start = common(first.iter().zip(&second));
    let (first, second) = (&first[start..], &second[start..]);
    let end = common(first.iter().rev().zip(second.iter().rev()));
    let removed = &first[..first.len() - end];
    let added = &second[..second.len() - end];
    let removed = removed.iter().map(|line| format!("-{line}\n"));
    let added = added.iter().map(|line| format!("+{line}\n"));
    format!("line {}:\n", start + 1) + &removed.chain(added).collect::<String>()
}

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("firmware");
    folder.join(name).with_extension("log")
}

fn write(path: &Path, log: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().expect("it is in a folder"))?;
    fs::write(path, log)
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// Counts the pairs at the start whose sides are the same.
fn common<'a>(pairs: impl Iterator<Item = (&'a &'a str, &'a &'a str)>) -> usize {
    pairs.take_while(|(one, other)| one == other).count()
}
