//! Everything that is measured, and the tables made of it.

use core::error::Error;
use core::fmt;
use std::collections::BTreeMap;
use std::path::Path;

use limits_qemu::{BOARDS, Board, rustc_version};

use crate::bars;
use crate::counts::{Count, STRATEGIES, count};
use crate::images::{Sizes, examples, forbidden, one_limiter};
use crate::rival::{self, Rival};
use crate::table::{Table, grouped};
use crate::texts;

/// The boards on which instructions are counted: Cortex-M3 and M0.
const COUNTING: [&str; 2] = ["mps2-an385", "microbit"];

/// Board, image, keys, and whether any cost may come.
pub(crate) type Case = (&'static str, String, u64, bool);

/// What was measured.
pub(crate) struct Figures {
    pub(crate) counts: BTreeMap<Case, Count>,
    /// The empty firmware and the one with a limiter, by board.
    pub(crate) one_limiter: Vec<(Board, Sizes)>,
    /// What must not be in a decision and is, by board.
    pub(crate) forbidden: Vec<(Board, Vec<String>)>,
    pub(crate) tables: Vec<Table>,
    compiler: String,
}

impl Figures {
    /// Builds all images of the firmware's workspace in `folder` and measures them.
    pub(crate) fn measure(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut figures = Self {
            counts: counts(folder)?,
            one_limiter: on_all(|board| one_limiter(folder, board))?,
            forbidden: on_all(|board| forbidden(folder, board))?,
            tables: Vec::new(),
            compiler: rustc_version()?,
        };
        let examples = on_all(|board| examples(folder, board))?;
        let rival = Rival::measure(folder)?;
        figures.tables = vec![
            figures.instructions(false),
            figures.instructions(true),
            figures.memory(),
            figures.limiter(),
            sizes("Flash of the examples", &examples, |size| size.flash),
            sizes("RAM of the examples", &examples, |size| size.ram),
            rival::table(&rival),
        ];
        Ok(figures)
    }

    /// Tells which bars are missed.
    pub(crate) fn misses(&self) -> Vec<String> {
        bars::misses(self)
    }

    pub(crate) fn count(&self, board: &'static str, name: &str, keys: u64) -> Option<&Count> {
        self.counts.get(&(board, name.to_owned(), keys, false))
    }

    fn instructions(&self, any_cost: bool) -> Table {
        let mut columns = vec!["strategy and keys".to_owned()];
        for core in ["M3", "M0"] {
            columns.extend(["min", "mean", "worst"].map(|what| format!("{core} {what}")));
        }
        let mut rows = Vec::new();
        for (name, title) in STRATEGIES {
            for keys in [16, 64] {
                let count = |board| self.counts.get(&(board, name.to_owned(), keys, any_cost));
                if COUNTING.into_iter().all(|board| count(board).is_none()) {
                    continue;
                }
                let cells = COUNTING.into_iter().flat_map(|board| match count(board) {
                    Some(count) => [count.min, count.mean, count.worst].map(grouped),
                    None => [""; 3].map(|_| "no room".to_owned()),
                });
                rows.push((format!("{title}, {keys}"), cells.collect()));
            }
        }
        let (title, text) = texts::instructions(any_cost);
        Table {
            title,
            text: text.to_owned(),
            columns,
            rows,
            tolerance: 3,
        }
    }

    /// Bytes of tables: they are of the same layout on all boards.
    fn memory(&self) -> Table {
        let rows = STRATEGIES.into_iter().filter_map(|(name, title)| {
            let (slot, once) = self.bytes(name)?;
            Some((title.to_owned(), vec![grouped(slot), grouped(once)]))
        });
        Table {
            title: "RAM of a table",
            text: texts::MEMORY.to_owned(),
            columns: ["strategy", "bytes a key", "bytes once"]
                .map(str::to_owned)
                .to_vec(),
            rows: rows.collect(),
            tolerance: 3,
        }
    }

    /// Tells the bytes of a slot, and those that a table takes however many it has.
    pub(crate) fn bytes(&self, name: &str) -> Option<(u64, u64)> {
        let bytes = |keys| Some(self.count(COUNTING[0], name, keys)?.bytes);
        let (few, many) = (bytes(16)?, bytes(64)?);
        let slot = (many - few) / (64 - 16);
        Some((slot, few - 16 * slot))
    }

    fn limiter(&self) -> Table {
        let size = |sizes: &Sizes, name: &str| sizes.get(name).copied().unwrap_or_default();
        let rows = self.one_limiter.iter().map(|(board, sizes)| {
            let (before, after) = (size(sizes, "baseline"), size(sizes, "decision"));
            let flash = [before.flash, after.flash, after.flash - before.flash];
            let ram = [before.ram, after.ram, after.ram - before.ram];
            (
                board.target().to_owned(),
                [flash, ram].concat().into_iter().map(grouped).collect(),
            )
        });
        let mut columns = vec!["target".to_owned()];
        for memory in ["flash", "RAM"] {
            columns.extend(["empty", "with it", "added"].map(|what| format!("{memory} {what}")));
        }
        Table {
            title: "One limiter in an empty firmware",
            text: texts::LIMITER.to_owned(),
            columns,
            rows: rows.collect(),
            tolerance: 5,
        }
    }
}

impl Figures {
    /// Tells the line of the file that names the compiler.
    pub(crate) fn made_with(&self) -> String {
        format!("Made with {}.", self.compiler)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Figures\n\n{}", texts::HEAD)?;
        writeln!(f, "\n{}", self.made_with())?;
        for table in &self.tables {
            write!(f, "\n{table}")?;
        }
        Ok(())
    }
}

fn counts(folder: &Path) -> Result<BTreeMap<Case, Count>, Box<dyn Error>> {
    let mut counts = BTreeMap::new();
    for board in BOARDS
        .into_iter()
        .filter(|board| COUNTING.contains(&board.name()))
    {
        for (keys, any_cost) in [(16, false), (64, false), (64, true)] {
            for (name, count) in count(folder, board, keys, any_cost)? {
                counts.insert((board.name(), name, keys, any_cost), count);
            }
        }
    }
    Ok(counts)
}

fn on_all<T>(
    mut measure: impl FnMut(Board) -> Result<T, Box<dyn Error>>,
) -> Result<Vec<(Board, T)>, Box<dyn Error>> {
    let boards = BOARDS.into_iter();
    boards.map(|board| Ok((board, measure(board)?))).collect()
}

/// Makes a table of one size of all examples, one column a target.
fn sizes(
    title: &'static str,
    examples: &[(Board, Sizes)],
    size: impl Fn(&limits_qemu::Size) -> u64,
) -> Table {
    let targets = examples.iter().map(|(board, _)| board.target().to_owned());
    let mut rows = BTreeMap::<&str, Vec<String>>::new();
    for (name, one) in examples.iter().flat_map(|(_, sizes)| sizes) {
        rows.entry(name).or_default().push(grouped(size(one)));
    }
    Table {
        title,
        text: texts::EXAMPLES.to_owned(),
        columns: ["example".to_owned()].into_iter().chain(targets).collect(),
        rows: rows
            .into_iter()
            .map(|(name, cells)| (name.to_owned(), cells))
            .collect(),
        tolerance: 5,
    }
}
