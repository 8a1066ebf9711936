//! `limits demo`: the strategies side by side.

mod canvas;
mod lane;
mod outcome;
mod pattern;
mod picture;
mod style;
mod table;
mod time_axis;

use std::fs;
use std::process::ExitCode;

use limits::StrategyName;

use crate::args::{Common, DemoArgs, item};
use crate::failure::Failure;
use crate::output;
use outcome::Outcome;
use pattern::Pattern;

/// Lets every strategy decide on the same hits, and shows how.
pub(crate) async fn demo(common: &Common, args: &DemoArgs) -> Result<ExitCode, Failure> {
    let pattern = Pattern::new(item(&args.limit)?)?;
    let mut outcomes = Vec::new();
    for strategy in StrategyName::ALL {
        outcomes.push(Outcome::of(&pattern, *strategy).await?);
    }
    let picture = picture::draw(&pattern, &outcomes).map_err(Failure::Io)?;
    fs::write(&args.svg, picture).map_err(|error| {
        let path = args.svg.display();
        Failure::Usage(format!(
            "can't write `{path}`: {error}; choose another with --svg PATH"
        ))
    })?;
    if common.json {
        output::write_line(&table::json(&pattern, &outcomes)?)?;
    } else {
        output::write_line(&table::text(&pattern, &outcomes))?;
        output::write_line(&format!("\nThe same as a picture: {}", args.svg.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
