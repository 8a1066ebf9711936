//! Instructions of a decision, counted on the boards.

use core::error::Error;
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;

use limits_qemu::{Board, build_with, run_slowly};

use crate::PACKAGE;

/// Generous: a run takes about a second.
const LIMIT: Duration = Duration::from_secs(300);

/// The images that count, and what their rows say.
pub(crate) const STRATEGIES: [(&str, &str); 7] = [
    ("fixed", "fixed window"),
    ("elastic", "fixed window, elastic expiry"),
    ("moving", "moving window, 8 entries"),
    ("sliding", "sliding window counter"),
    ("gcra", "GCRA"),
    ("airtime_16", "airtime window, 16 buckets"),
    ("airtime_64", "airtime window, 64 buckets"),
];

/// What an image counted.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    pub(crate) min: u64,
    pub(crate) mean: u64,
    pub(crate) worst: u64,
    /// The hit that was the worst.
    pub(crate) worst_in: String,
    /// The bytes of the table that was hit.
    pub(crate) bytes: u64,
}

impl Count {
    /// Runs an image of the package that counts.
    pub(crate) fn of(elf: &Path, board: Board) -> Result<Self, Box<dyn Error>> {
        let text = run_slowly(elf, board, LIMIT)?;
        let lines: BTreeMap<_, _> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        let number = |name| match lines.get(name) {
            Some(number) => Ok(number.parse::<u64>()?),
            None => Err::<_, Box<dyn Error>>(format!("{}: no {name}", elf.display()).into()),
        };
        if number("nops")? != 10 {
            return Err(format!("{board}: 10 nops count as {}", number("nops")?).into());
        }
        Ok(Self {
            min: number("min")?,
            mean: number("mean")?,
            worst: number("worst")?,
            worst_in: lines.get("worst_in").unwrap_or(&"").to_string(),
            bytes: number("bytes")?,
        })
    }
}

/// Counts with tables of so many keys, by the names of the images.
pub(crate) fn count(
    folder: &Path,
    board: Board,
    keys: u64,
    any_cost: bool,
) -> Result<BTreeMap<String, Count>, Box<dyn Error>> {
    let mut options = vec!["--package", PACKAGE, "--features", "count"];
    for (name, _) in STRATEGIES {
        if fits(board, name, keys) {
            options.extend(["--bin", name]);
        }
    }
    if keys == 64 {
        options.extend(["--features", "keys-64"]);
    }
    if any_cost {
        options.extend(["--features", "any-cost"]);
    }
    let images = build_with(folder, board, &options)?;
    let count = |image: limits_qemu::Binary| Ok((image.name, Count::of(&image.elf, board)?));
    images.into_iter().map(count).collect()
}

/// Tells whether a table fits into the board's memory: 16 KiB on the smallest.
fn fits(board: Board, name: &str, keys: u64) -> bool {
    (board.name(), name, keys) != ("microbit", "airtime_64", 64)
}
