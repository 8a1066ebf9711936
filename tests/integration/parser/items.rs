//! Items and keys: what Python's own tests ask of them, and units of one's own.

use core::cmp::Ordering;
use core::num::NonZeroU32;
use std::collections::HashSet;

use limits_core::{Granularity, Micros, ParseErrorKind, RateLimitItem};

const FAKE: Granularity = Granularity::new(1, "fake").expect("it has seconds and a name");
const WEEK: Granularity = Granularity::new(604_800, "week").expect("it has seconds and a name");

const BY_PERIOD: [RateLimitItem<'_>; 6] = [
    RateLimitItem::per_second(1),
    RateLimitItem::per_minute(1),
    RateLimitItem::per_hour(1),
    RateLimitItem::per_day(1),
    RateLimitItem::per_month(1),
    RateLimitItem::per_year(1),
];

fn times(item: RateLimitItem<'_>, multiples: u32) -> RateLimitItem<'_> {
    item.with_multiples(NonZeroU32::new(multiples).expect("a multiple is not 0"))
}

#[test]
fn a_month_is_30_days_and_a_year_12_months() {
    let seconds = BY_PERIOD.map(|item| item.get_expiry().as_micros() / 1_000_000);
    assert_eq!(seconds, [1, 60, 3_600, 86_400, 2_592_000, 31_104_000]);
}

#[test]
fn a_multiple_lengthens_the_period() {
    let item = times(RateLimitItem::per_hour(1), 3);
    assert_eq!(item.get_expiry(), Micros::from_secs(10_800));
}

#[test]
fn a_period_beyond_time_is_all_of_it() {
    let item = times(RateLimitItem::per_year(1), u32::MAX);
    assert_eq!(item.get_expiry(), Micros::MAX);
}

#[test]
fn an_item_is_written_with_its_unit_in_the_singular() {
    let written = BY_PERIOD.map(|item| item.to_string());
    let expected = [
        "1 per 1 second",
        "1 per 1 minute",
        "1 per 1 hour",
        "1 per 1 day",
        "1 per 1 month",
        "1 per 1 year",
    ];
    assert_eq!(written, expected);
    let item = times(RateLimitItem::per_minute(1), 3).with_namespace("NS");
    assert_eq!(item.to_string(), "1 per 3 minute");
}

#[test]
fn items_are_ordered_by_their_whole_period() {
    assert!(BY_PERIOD.is_sorted_by(|a, b| a.cmp_by_period(b) == Ordering::Less));
    let hundred_seconds = times(RateLimitItem::per_second(1), 100);
    let minute = RateLimitItem::per_minute(1);
    assert_eq!(hundred_seconds.cmp_by_period(&minute), Ordering::Greater);
}

#[test]
fn items_are_equal_if_all_that_makes_their_key_is() {
    let item = RateLimitItem::per_minute(1);
    assert_eq!(item, times(RateLimitItem::new(1, Granularity::MINUTE), 1));
    assert_ne!(item, RateLimitItem::per_minute(2));
    assert_ne!(item, times(item, 2));
    assert_ne!(item, times(RateLimitItem::per_second(1), 60));
    assert_ne!(item, item.with_namespace("other"));
}

#[test]
fn items_can_be_told_apart_by_a_set() {
    let item = RateLimitItem::per_minute(1);
    let items = [item, times(item, 2), RateLimitItem::per_hour(1), item];
    assert_eq!(HashSet::from(items).len(), 3);
}

#[test]
fn a_key_is_the_namespace_the_identifiers_and_the_limit() {
    let item = RateLimitItem::new(1, FAKE);
    assert_eq!(
        item.key_for(&["a", "b", "c"]).to_string(),
        "LIMITER/a/b/c/1/1/fake"
    );
    assert_eq!(item.key_for("a").to_string(), "LIMITER/a/1/1/fake");
    assert_eq!(item.key_for(1_u32).to_string(), "LIMITER/1/1/1/fake");
    let none: [&str; 0] = [];
    let ten = RateLimitItem::per_minute(10);
    assert_eq!(ten.key_for(&none).to_string(), "LIMITER/10/1/minute");
}

#[test]
fn a_key_is_written_as_python_writes_it() {
    let item = times(RateLimitItem::per_minute(10), 2).with_namespace("NS");
    let identifiers = [
        "a", "b/c", "None", "1", "1.5", "True", "byé", "sp ace", "", "{x}",
    ];
    assert_eq!(
        item.key_for(&identifiers).to_string(),
        "NS/a/b/c/None/1/1.5/True/byé/sp ace//{x}/10/2/minute"
    );
}

#[test]
fn a_key_keeps_empty_parts() {
    let item = RateLimitItem::per_minute(10);
    assert_eq!(item.key_for("").to_string(), "LIMITER//10/1/minute");
    assert_eq!(
        item.key_for(&["a", ""]).to_string(),
        "LIMITER/a//10/1/minute"
    );
    assert_eq!(
        item.with_namespace("").key_for("a").to_string(),
        "/a/10/1/minute"
    );
}

#[test]
fn a_key_escapes_nothing() {
    let item = RateLimitItem::per_minute(10);
    let (two, one) = (item.key_for(&["a", "b"]), item.key_for("a/b"));
    assert_eq!(two.to_string(), one.to_string());
    let (outer, inner) = (item.with_namespace("a/b"), item.with_namespace("a"));
    assert_eq!(
        outer.key_for("c").to_string(),
        inner.key_for("b/c").to_string()
    );
}

#[test]
fn a_key_holds_the_unit_in_the_singular_however_it_was_read() {
    let item = RateLimitItem::parse("10 PER 2 HOURS").expect("it is right");
    assert_eq!(item.key_for("x").to_string(), "LIMITER/x/10/2/hour");
}

#[test]
fn a_unit_of_ones_own_is_read_with_multiples_in_the_plural_and_in_a_list() {
    let units = [Granularity::DAY, WEEK];
    for (input, multiples) in [("5/week", 1), ("5 per 2 weeks", 2), ("5/3WEEKS", 3)] {
        let item = RateLimitItem::parse_with(input, &units);
        assert_eq!(
            item,
            Ok(times(RateLimitItem::new(5, WEEK), multiples)),
            "{input:?}"
        );
    }
    let items = RateLimitItem::parse_many_with("1/day; 5/week", &units).expect("it is right");
    let expected = [RateLimitItem::per_day(1), RateLimitItem::new(5, WEEK)];
    assert!(items.eq(expected));
}

#[test]
fn a_unit_that_is_not_among_those_given_is_unknown() {
    let error = RateLimitItem::parse_with("5/day", &[WEEK]).expect_err("only weeks are given");
    assert_eq!(error.kind(), ParseErrorKind::UnknownUnit);
    let error = RateLimitItem::parse("5/week").expect_err("weeks are not built in");
    assert_eq!(error.kind(), ParseErrorKind::UnknownUnit);
}

#[test]
fn a_unit_whose_name_is_another_ones_plural_is_found_by_its_own_order() {
    let ticks = Granularity::new(2, "ticks").expect("it has seconds and a name");
    let tick = Granularity::new(1, "tick").expect("it has seconds and a name");
    let read = |units: &[Granularity]| RateLimitItem::parse_with("5/ticks", units);
    assert_eq!(read(&[ticks, tick]), Ok(RateLimitItem::new(5, ticks)));
    assert_eq!(read(&[tick, ticks]), Ok(RateLimitItem::new(5, tick)));
}

#[test]
fn a_unit_without_seconds_or_name_is_none() {
    assert_eq!(Granularity::new(0, "never"), None);
    assert_eq!(Granularity::new(1, ""), None);
}
