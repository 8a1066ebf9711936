//! What is said about a string that can't be read, and how long that takes.

use limits_core::{ParseError, ParseErrorKind, RateLimitItem, parse::MAX_LENGTH};

fn error(input: &str) -> ParseError {
    RateLimitItem::parse(input).expect_err(input)
}

#[test]
fn one_limit_is_never_the_first_of_several() {
    for (input, separator) in [
        ("100/day, 500/7days", 7),
        ("1/second ; 2/minute", 9),
        ("1/second|2/minute|3/hour", 8),
    ] {
        let error = error(input);
        assert_eq!(error.kind(), ParseErrorKind::SeveralLimits, "{input:?}");
        assert_eq!(error.range(), separator..separator + 1, "{input:?}");
    }
}

#[test]
fn a_list_that_is_wrong_is_wrong_before_it_is_a_list() {
    for (input, kind, position) in [
        ("1/second;", ParseErrorKind::ExpectedAmount, 9),
        ("1/second; 2/minute x", ParseErrorKind::ExpectedEnd, 19),
        ("1/second; 2/minute;", ParseErrorKind::ExpectedAmount, 19),
        ("1/second; 2/minute; 3/eon", ParseErrorKind::UnknownUnit, 22),
    ] {
        let error = error(input);
        assert_eq!(
            (error.kind(), error.range().start),
            (kind, position),
            "{input:?}"
        );
    }
}

#[test]
fn a_string_of_the_longest_length_is_read() {
    let input = format!("{}1/day", " ".repeat(MAX_LENGTH - 5));
    assert_eq!(RateLimitItem::parse(&input), Ok(RateLimitItem::per_day(1)));
}

#[test]
fn a_string_longer_than_that_is_not() {
    let input = format!("{}1/day", " ".repeat(MAX_LENGTH - 4));
    assert_eq!(error(&input).kind(), ParseErrorKind::TooLong);
    assert_eq!(error(&input).range(), 0..MAX_LENGTH + 1);
    assert!(RateLimitItem::parse_many(&input).is_err());
}

#[test]
fn what_makes_python_backtrace_for_ages_is_an_error_at_once() {
    let spaces = " ".repeat(MAX_LENGTH / 2 - 3);
    let input = format!("1{spaces}per{spaces}!");
    assert_eq!(error(&input).kind(), ParseErrorKind::ExpectedUnit);
    let digits = "1".repeat(MAX_LENGTH - 4);
    let input = format!("1/{digits}x!");
    assert_eq!(error(&input).kind(), ParseErrorKind::MultipleTooLarge);
    let input = format!("1/{}x!", "1".repeat(5_000_000));
    assert_eq!(error(&input).kind(), ParseErrorKind::TooLong);
}

#[test]
fn an_error_tells_what_and_where_in_one_line() {
    for (input, message) in [
        (
            "ten/minute",
            "expected an amount, such as the 10 of `10/minute` (at byte 0)",
        ),
        ("10", "expected `/` or `per` after the amount (at byte 2)"),
        ("10/", "expected a unit, such as `minute` (at byte 3)"),
        (
            "10/min",
            "unknown unit, expected second, minute, hour, day, month, year or one of your own \
             (at byte 3)",
        ),
        ("1/0 day", "a period of 0 units limits nothing (at byte 2)"),
        (
            "18446744073709551616/day",
            "the amount is too large, the largest is 18446744073709551615 (at byte 0)",
        ),
        (
            "1/4294967296 day",
            "the period is too long, the longest is 4294967295 units (at byte 2)",
        ),
        (
            "1/day!",
            "expected the end of the limit, or one of `,` `;` `|` and another (at byte 5)",
        ),
        (
            "1/day,1/hour",
            "expected one limit and found several (at byte 5)",
        ),
    ] {
        assert_eq!(error(input).to_string(), message, "{input:?}");
    }
    let long = " ".repeat(MAX_LENGTH + 1);
    assert_eq!(
        error(&long).to_string(),
        "the string is longer than 1024 bytes"
    );
}

/// The lines below the message.
fn pointer(input: &str) -> String {
    let error = error(input);
    let shown = error.pointing_into(input).to_string();
    let below = shown.strip_prefix(&error.to_string());
    below.expect("the message comes first").to_owned()
}

#[test]
fn an_error_points_at_the_word_that_is_wrong() {
    assert_eq!(pointer("10/min"), "\n10/min\n   ^^^");
    assert_eq!(pointer("10 per 0 hours"), "\n10 per 0 hours\n       ^");
    assert_eq!(pointer("1/day, 2/day"), "\n1/day, 2/day\n     ^");
}

#[test]
fn an_error_points_behind_the_input_where_something_is_missing() {
    assert_eq!(pointer(""), "\n\n^");
    assert_eq!(pointer("10"), "\n10\n  ^");
    assert_eq!(pointer("10 per "), "\n10 per \n       ^");
}

#[test]
fn an_error_counts_characters_and_not_bytes() {
    assert_eq!(
        pointer("1\u{a0}per\u{2003}min"),
        "\n1\u{a0}per\u{2003}min\n      ^^^"
    );
    assert_eq!(pointer("\u{e9}/day"), "\n\u{e9}/day\n^");
}

#[test]
fn an_error_does_not_point_into_several_lines_or_into_a_long_string() {
    assert_eq!(pointer("1/day\nor so"), "");
    assert_eq!(pointer(&"1".repeat(MAX_LENGTH + 1)), "");
}
