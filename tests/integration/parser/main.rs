//! The rate limit notation against what Python `limits` reads, and where we differ.

mod accepted;
mod errors;
mod items;
mod properties;
mod refused;

use limits_core::{ParseError, ParseErrorKind, RateLimitItem};

/// Reads one limit or several and writes each the way it is displayed.
fn read(input: &str) -> Result<Vec<String>, ParseError> {
    let items = RateLimitItem::parse_many(input)?;
    Ok(items.map(|item| item.to_string()).collect())
}

fn accepts(rows: &[(&[&str], &[&str])]) {
    for (inputs, expected) in rows {
        for input in *inputs {
            let expected = expected.iter().map(|item| (*item).to_owned()).collect();
            assert_eq!(read(input), Ok(expected), "{input:?}");
        }
    }
}

fn refuses(rows: &[(&str, ParseErrorKind, core::ops::Range<usize>)]) {
    for (input, kind, range) in rows {
        let error = read(input).expect_err(input);
        let found = (error.kind(), error.range());
        assert_eq!(found, (*kind, range.clone()), "{input:?}");
    }
}
