//! `limits batch`.

use std::io::{self, BufRead};
use std::process::ExitCode;

use crate::args::Common;
use crate::engine::{Answer, Problem};
use crate::failure::Failure;
use crate::lines::{LONGEST_LINE, Line, Lines};
use crate::{output, setup};

/// Answers the lines of stdin one by one until its end, or until nobody reads the answers.
pub(crate) async fn batch(common: &Common) -> Result<ExitCode, Failure> {
    let (mut engine, defaults) = (setup::engine(common)?, setup::defaults(common));
    let mut lines = Lines::new(io::stdin().lock());
    while let Some(line) = next(&mut lines)? {
        let answer = match line {
            Line::Whole(line) if line.trim_ascii().is_empty() => continue,
            Line::Whole(line) => engine.answer(line, &defaults).await,
            Line::TooLong => too_long().to_json(None, None),
        };
        let answer = answer.map_err(Failure::Io)?;
        if !output::write_line(&answer)? {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn next<R: BufRead>(lines: &mut Lines<R>) -> Result<Option<Line<'_>>, Failure> {
    lines.next().map_err(|error| {
        let reason = format!("can't read the requests: {error}");
        Failure::Io(io::Error::new(error.kind(), reason))
    })
}

fn too_long() -> Answer {
    let reason = format!("the line is longer than {LONGEST_LINE} bytes");
    Answer::from(Problem::malformed(reason))
}
