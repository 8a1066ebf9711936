//! Tables of numbers, written as Markdown and read back.

use core::fmt;
use std::collections::BTreeMap;

use crate::COMMAND;

/// A table of numbers.
pub(crate) struct Table {
    pub(crate) title: &'static str,
    /// What the numbers are and how they were measured.
    pub(crate) text: String,
    /// The first names the rows.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<(String, Vec<String>)>,
    /// By how many percent a number may differ from the file's.
    pub(crate) tolerance: u64,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}\n", self.title, self.text)?;
        writeln!(f, "| {} |", self.columns.join(" | "))?;
        let rules: Vec<&str> = (0..self.columns.len())
            .map(|column| if column == 0 { "---" } else { "---:" })
            .collect();
        writeln!(f, "| {} |", rules.join(" | "))?;
        for (name, cells) in &self.rows {
            writeln!(f, "| {name} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}

/// Where a cell is: table, row and column.
type Place = (String, String, String);

impl Table {
    fn cells(&self) -> impl Iterator<Item = (Place, &String)> {
        self.rows.iter().flat_map(move |(row, cells)| {
            let columns = self.columns.iter().skip(1);
            let place = |column: &String| (self.title.to_owned(), row.clone(), column.clone());
            columns.map(place).zip(cells)
        })
    }
}

/// How much more the figures of another compiler than the file's may differ.
const OTHER_COMPILER: u64 = 5;

/// Tells where the tables differ from those in the file by more than they may.
pub(crate) fn differences(file: &str, made_with: &str, tables: &[Table]) -> Vec<String> {
    let is_same_compiler = file.lines().any(|line| line == made_with);
    let factor = if is_same_compiler { 1 } else { OTHER_COMPILER };
    let mut kept = read(file);
    let mut differences = Vec::new();
    for table in tables {
        for (place, now) in table.cells() {
            let before = kept.remove(&place).unwrap_or_else(|| "nothing".to_owned());
            if !is_near(&before, now, table.tolerance * factor) {
                differences.push(format!("{}: {now}, in the file {before}", show(&place)));
            }
        }
    }
    for (place, before) in kept {
        differences.push(format!("{}: gone, in the file {before}", show(&place)));
    }
    if !differences.is_empty() {
        differences.push(format!(
            "if that is meant to be, write the tables anew: {COMMAND}"
        ));
    }
    differences
}

fn show((table, row, column): &Place) -> String {
    format!("{table}, {row}, {column}")
}

fn is_near(before: &str, now: &str, tolerance: u64) -> bool {
    match (number(before), number(now)) {
        (Some(before), Some(now)) => before.abs_diff(now) <= (before * tolerance).div_ceil(100),
        _ => before == now,
    }
}

fn number(cell: &str) -> Option<u64> {
    cell.replace(',', "").parse().ok()
}

fn read(file: &str) -> BTreeMap<Place, String> {
    let mut cells = BTreeMap::new();
    let mut title = "";
    let mut columns: Vec<&str> = Vec::new();
    for line in file.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            (title, columns) = (heading, Vec::new());
        }
        let inner = line
            .strip_prefix("| ")
            .and_then(|line| line.strip_suffix(" |"));
        let Some(inner) = inner.filter(|inner| !inner.starts_with("---")) else {
            continue;
        };
        let mut row = inner.split(" | ");
        if columns.is_empty() {
            columns = row.collect();
            continue;
        }
        let name = row.next().unwrap_or_default();
        for (column, cell) in columns.iter().skip(1).zip(row) {
            let place = (title.to_owned(), name.to_owned(), (*column).to_owned());
            cells.insert(place, cell.to_owned());
        }
    }
    cells
}

/// Writes a number with commas between the thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
