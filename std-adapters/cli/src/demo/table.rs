//! The outcomes as a table.

use limits::limits_core::Micros;
use serde::Serialize;

use super::outcome::Outcome;
use super::pattern::{PHASES, Pattern};
use crate::brief::Brief;
use crate::failure::Failure;

/// Writes the table for people: a row a phase, a column a strategy.
pub(super) fn text(pattern: &Pattern, outcomes: &[Outcome]) -> String {
    let mut rows = vec![head(outcomes)];
    rows.extend((0..PHASES.len()).map(|phase| row(pattern, outcomes, phase)));
    rows.push(total(pattern, outcomes));
    rows.push(peak(pattern, outcomes));
    let widths = widths(&rows);
    let lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    let item = pattern.item;
    format!(
        "hits admitted by a limit of {item}, in virtual time\n\n{}",
        lines.join("\n")
    )
}

/// Writes one object per strategy.
pub(super) fn json(pattern: &Pattern, outcomes: &[Outcome]) -> Result<String, Failure> {
    let lines: Result<Vec<String>, _> = outcomes
        .iter()
        .map(|outcome| serde_json::to_string(&Summary::new(pattern, outcome)))
        .collect();
    let lines = lines.map_err(|error| Failure::Io(error.into()))?;
    Ok(lines.join("\n"))
}

#[derive(Serialize)]
struct Summary {
    strategy: &'static str,
    limit: String,
    hits: usize,
    admitted: usize,
    admitted_by_phase: Vec<usize>,
    most_in_any_period: u64,
}

impl Summary {
    fn new(pattern: &Pattern, outcome: &Outcome) -> Self {
        let phases = 0..PHASES.len();
        Self {
            strategy: outcome.strategy.as_str(),
            limit: pattern.item.to_string(),
            hits: pattern.hits.len(),
            admitted: outcome.total(),
            admitted_by_phase: phases
                .map(|phase| outcome.admitted_in(pattern, phase))
                .collect(),
            most_in_any_period: outcome.peak(),
        }
    }
}

type Row = Vec<String>;

/// The columns before those of numbers.
const TEXTS: usize = 2;

fn head(outcomes: &[Outcome]) -> Row {
    let mut row: Row = ["time", "what happens", "hits"].map(str::to_owned).into();
    row.extend(outcomes.iter().map(|outcome| outcome.strategy.to_string()));
    row
}

fn row(pattern: &Pattern, outcomes: &[Outcome], index: usize) -> Row {
    let phase = &PHASES[index];
    let (from, to) = pattern.stretch(phase);
    let hits = pattern.hits.iter().filter(|hit| hit.phase == index);
    let mut row = vec![
        format!("{} to {}", brief(from), brief(to)),
        phase.name.to_owned(),
        hits.count().to_string(),
    ];
    let admitted = |outcome: &Outcome| outcome.admitted_in(pattern, index).to_string();
    row.extend(outcomes.iter().map(admitted));
    row
}

fn total(pattern: &Pattern, outcomes: &[Outcome]) -> Row {
    let mut row = vec![String::new(), "in total".to_owned()];
    row.push(pattern.hits.len().to_string());
    row.extend(outcomes.iter().map(|outcome| outcome.total().to_string()));
    row
}

fn peak(pattern: &Pattern, outcomes: &[Outcome]) -> Row {
    let period = brief(pattern.period());
    let mut row = vec![
        String::new(),
        format!("at most, in any {period}"),
        String::new(),
    ];
    row.extend(outcomes.iter().map(|outcome| outcome.peak().to_string()));
    row
}

fn brief(time: Micros) -> Brief {
    Brief(time.to_duration())
}

fn widths(rows: &[Row]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| rows.iter().map(|row| row[column].len()).max();
    (0..columns)
        .map(|column| widest(column).unwrap_or_default())
        .collect()
}

fn line(row: &Row, widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate();
    let cells: Vec<String> = cells
        .map(|(column, (cell, width))| {
            if column < TEXTS {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        })
        .collect();
    cells.join("  ")
}
