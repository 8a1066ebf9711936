//! What is read as Python reads it.

use super::{accepts, read};

#[test]
fn accepts_one_limit_as_python_does() {
    accepts(&[
        (
            &[
                "1 per second",
                "1/second",
                "1/SECOND",
                "1 / Second",
                "1per second",
                "1 persecond",
                "1persecond",
                "1PERSECOND",
            ],
            &["1 per 1 second"],
        ),
        (&["1 PeR 1 mInUtEs", "1 per1minute"], &["1 per 1 minute"]),
        (
            &[
                "1/seconds",
                "1/secondS",
                "1/ second",
                "1 /second",
                " 1/second ",
                "1/second\n\n",
                "\n1/second",
            ],
            &["1 per 1 second"],
        ),
        (
            &[
                "10 per 3 hours",
                "10/3hours",
                "10/3 hours",
                "10per3hours",
                "10 / 3 hour",
            ],
            &["10 per 3 hour"],
        ),
        (
            &[" 1 / 2 second \n", "1\t/\t2\tseconds", "1/2second"],
            &["1 per 2 second"],
        ),
        (&["1 per\n2\nminutes"], &["1 per 2 minute"]),
        (
            &["1\u{a0}per\u{a0}minute", "1/minute\u{2003}"],
            &["1 per 1 minute"],
        ),
        (&["00010/minute"], &["10 per 1 minute"]),
        (&["1/007 minute"], &["1 per 7 minute"]),
        (&["0/second"], &["0 per 1 second"]),
    ]);
}

#[test]
fn accepts_several_limits_as_python_does() {
    accepts(&[
        (&["100/day, 500/7days"], &["100 per 1 day", "500 per 7 day"]),
        (
            &["10/hour;100/day;2000 per year"],
            &["10 per 1 hour", "100 per 1 day", "2000 per 1 year"],
        ),
        (
            &["1/second,2/minute;3/hour|4/day"],
            &[
                "1 per 1 second",
                "2 per 1 minute",
                "3 per 1 hour",
                "4 per 1 day",
            ],
        ),
        (
            &["1/second ; 2/minute", "1/second,\n2/minute"],
            &["1 per 1 second", "2 per 1 minute"],
        ),
    ]);
}

#[test]
fn accepts_the_largest_numbers_with_any_zeros_before_them() {
    accepts(&[
        (
            &[
                "18446744073709551615/day",
                "0000000000018446744073709551615/day",
            ],
            &["18446744073709551615 per 1 day"],
        ),
        (
            &["1/4294967295 second", "1/0000000000004294967295 second"],
            &["1 per 4294967295 second"],
        ),
    ]);
}

#[test]
fn takes_as_white_space_what_python_takes() {
    let ascii = "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f} ";
    let beyond = "\u{85}\u{a0}\u{1680}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";
    for space in ascii
        .chars()
        .chain(beyond.chars())
        .chain('\u{2000}'..='\u{200a}')
    {
        let input = format!("{space}1{space}per{space}2{space}days{space}");
        assert_eq!(
            read(&input),
            Ok(vec!["1 per 2 day".to_owned()]),
            "{input:?}"
        );
    }
}
