//! What is no limit: most of it is none for Python either.

use limits_core::ParseErrorKind;

use super::{read, refuses};

#[test]
fn takes_as_white_space_nothing_else() {
    for other in ['\u{200b}', '\u{feff}', '\u{180e}', '\0', '_'] {
        let input = format!("1/{other}second");
        let error = read(&input).expect_err(&input);
        assert_eq!(error.kind(), ParseErrorKind::ExpectedUnit, "{input:?}");
        assert_eq!(error.range(), 2..2 + other.len_utf8(), "{input:?}");
    }
}

#[test]
fn refuses_a_limit_with_a_part_missing() {
    use ParseErrorKind::{ExpectedAmount, ExpectedPer, ExpectedUnit};
    refuses(&[
        ("", ExpectedAmount, 0..0),
        (" ", ExpectedAmount, 1..1),
        ("1", ExpectedPer, 1..1),
        ("1/", ExpectedUnit, 2..2),
        ("/second", ExpectedAmount, 0..1),
        ("second", ExpectedAmount, 0..1),
        ("per second", ExpectedAmount, 0..1),
        ("1 second", ExpectedPer, 2..3),
        ("1second", ExpectedPer, 1..2),
    ]);
}

#[test]
fn refuses_a_list_with_a_limit_missing() {
    use ParseErrorKind::{ExpectedAmount, ExpectedEnd};
    refuses(&[
        ("1/second;", ExpectedAmount, 9..9),
        ("1/second,", ExpectedAmount, 9..9),
        ("1/second, ", ExpectedAmount, 10..10),
        (";1/second", ExpectedAmount, 0..1),
        ("1/second;;2/minute", ExpectedAmount, 9..10),
        ("1/second;meow", ExpectedAmount, 9..10),
        ("1/second 2/minute", ExpectedEnd, 9..10),
        ("1/second and 2/minute", ExpectedEnd, 9..10),
        ("1/second\n2/minute", ExpectedEnd, 9..10),
        ("1/second2/minute", ExpectedEnd, 8..9),
    ]);
}

#[test]
fn refuses_numbers_that_are_not_plain_digits() {
    use ParseErrorKind::{ExpectedAmount, ExpectedPer, ExpectedUnit};
    refuses(&[
        ("-1/second", ExpectedAmount, 0..1),
        ("+1/second", ExpectedAmount, 0..1),
        ("1.5/second", ExpectedPer, 1..2),
        ("1_000/second", ExpectedPer, 1..2),
        ("1,000/second", ExpectedPer, 1..2),
        ("1e3/second", ExpectedPer, 1..2),
        ("1/-1 second", ExpectedUnit, 2..3),
        ("1/1.5 seconds", ExpectedUnit, 3..4),
        ("\u{ff11}/second", ExpectedAmount, 0..3),
        ("\u{661}/second", ExpectedAmount, 0..2),
    ]);
}

#[test]
fn refuses_a_part_too_many() {
    use ParseErrorKind::{ExpectedEnd, ExpectedPer, ExpectedUnit, UnknownUnit};
    refuses(&[
        ("1//second", ExpectedUnit, 2..3),
        ("1 per per second", UnknownUnit, 6..9),
        ("1 / per second", UnknownUnit, 4..7),
        ("1 per/second", ExpectedUnit, 5..6),
        ("1/1/minute", ExpectedUnit, 3..4),
        ("1/day/2", ExpectedEnd, 5..6),
        ("10 per 10 per minute", UnknownUnit, 10..13),
        ("1 per 2 3 second", ExpectedUnit, 8..9),
        ("1 per 2 2second", ExpectedUnit, 8..9),
        ("1/year2", ExpectedEnd, 6..7),
        ("1/second s", ExpectedEnd, 9..10),
        ("5 hits per minute", ExpectedPer, 2..3),
        ("1 each minute", ExpectedPer, 2..3),
        ("1 p second", ExpectedPer, 2..3),
    ]);
}

#[test]
fn refuses_units_that_are_none() {
    use ParseErrorKind::{ExpectedEnd, ExpectedUnit, UnknownUnit};
    for unit in [
        "s",
        "sec",
        "min",
        "m",
        "h",
        "d",
        "secondss",
        "week",
        "weeks",
        "century",
        "millisecond",
        "fortnight",
        "per",
        "ss",
    ] {
        let input = format!("1/{unit}");
        refuses(&[(&input, UnknownUnit, 2..input.len())]);
    }
    refuses(&[
        ("1 per yearl; 2 per decade", UnknownUnit, 6..11),
        ("1/second; 2 per decade", UnknownUnit, 16..22),
        // A long s and full-width letters, which Python's pattern matches as letters.
        ("1/\u{17f}econd", ExpectedUnit, 2..4),
        ("1/\u{ff53}econd", ExpectedUnit, 2..5),
        ("1/second\u{17f}", ExpectedEnd, 8..10),
    ]);
}

#[test]
fn refuses_a_colon_everywhere() {
    use ParseErrorKind::{ExpectedEnd, ExpectedPer};
    refuses(&[
        ("1/second: , 2/minute", ExpectedEnd, 8..9),
        ("1/hour:minute", ExpectedEnd, 6..7),
        ("1:second", ExpectedPer, 1..2),
        // Python takes these: a slip in its pattern, which we don't repeat.
        ("1/second:,2/minute", ExpectedEnd, 8..9),
        ("1/second :,2/minute", ExpectedEnd, 9..10),
        ("1/second:;2/minute", ExpectedEnd, 8..9),
        ("1/second:|2/minute", ExpectedEnd, 8..9),
    ]);
}

#[test]
fn refuses_a_multiple_of_0_which_python_takes_as_1() {
    refuses(&[
        ("1/0 second", ParseErrorKind::ZeroMultiple, 2..3),
        ("1 per 000 seconds", ParseErrorKind::ZeroMultiple, 6..9),
    ]);
}

/// Python counts on without end, and with other keys than we would have.
#[test]
fn refuses_numbers_above_the_largest() {
    use ParseErrorKind::{AmountTooLarge, MultipleTooLarge};
    refuses(&[
        ("18446744073709551616/day", AmountTooLarge, 0..20),
        ("1/hour; 99999999999999999999/day", AmountTooLarge, 8..28),
        ("1/4294967296 second", MultipleTooLarge, 2..12),
        ("1/99999999999999999999 day", MultipleTooLarge, 2..22),
    ]);
}
