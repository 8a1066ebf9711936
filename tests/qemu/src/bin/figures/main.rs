//! Measures what the firmware and a limiter in it cost, as Markdown tables.
//!
//! `--write` keeps the tables in `embedded-example/figures/FIGURES.md`; `--check`
//! compares them with that file and enforces the bars, whatever the file says.

mod bars;
mod counts;
mod images;
mod report;
mod rival;
mod table;
mod texts;

use core::error::Error;
use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// The workspace of the firmware, and the package of the images in it.
const FIRMWARE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../embedded-example");
const PACKAGE: &str = "limits-figures";
const FILE: &str = "figures/FIGURES.md";
const COMMAND: &str = "cargo run --release -p limits-qemu --bin figures -- --write";

fn main() -> ExitCode {
    match run() {
        Ok(complaints) if complaints.is_empty() => ExitCode::SUCCESS,
        Ok(complaints) => {
            for complaint in complaints {
                eprintln!("figures: {complaint}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("figures: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line asks for; tells what is not as it should be.
fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let options: Vec<String> = env::args().skip(1).collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let (is_write, is_check) = match options[..] {
        [] => (false, false),
        ["--write"] => (true, false),
        ["--check"] => (false, true),
        _ => return Err("usage: figures [--write | --check]".into()),
    };
    let folder = Path::new(FIRMWARE).canonicalize()?;
    let figures = report::Figures::measure(&folder)?;
    let report = figures.to_string();
    println!("{report}");
    let file = folder.join(FILE);
    if is_write {
        fs::write(file, report)?;
        return Ok(Vec::new());
    }
    let mut complaints = figures.misses();
    if is_check {
        let kept = fs::read_to_string(file).unwrap_or_default();
        complaints.extend(table::differences(
            &kept,
            &figures.made_with(),
            &figures.tables,
        ));
    }
    Ok(complaints)
}
