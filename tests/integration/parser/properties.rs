//! What holds for every string and every item.

use core::num::NonZeroU32;

use limits_core::{Granularity, ParseError, RateLimitItem};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, FileFailurePersistence};

fn cases(cases: u32) -> Config {
    let kept = FileFailurePersistence::Direct("regressions/parser.txt");
    Config {
        cases,
        failure_persistence: Some(Box::new(kept)),
        ..Config::default()
    }
}

/// Strings made of what limits are made of, and some other things.
fn almost_limits() -> impl Strategy<Value = String> {
    let parts = [
        "1",
        "0",
        "007",
        "4294967296",
        "/",
        "/",
        "per",
        "PER",
        " ",
        "\n",
        "\u{a0}",
        "second",
        "s",
        "days",
        "Year",
        "week",
        ";",
        ",",
        "|",
        ":",
        "-",
        "x",
        "\u{ff11}",
        "\u{17f}",
        "1/second",
        "2 per 3 hours",
    ];
    vec(select(parts.to_vec()), 0..12).prop_map(|parts| parts.concat())
}

fn strings() -> impl Strategy<Value = String> {
    prop_oneof![3 => almost_limits(), 1 => any::<String>()]
}

fn items() -> impl Strategy<Value = RateLimitItem<'static>> {
    let amount = prop_oneof![0..1_000_u64, any::<u64>()];
    let multiples = prop_oneof![1..60_u32, 1..=u32::MAX];
    (amount, multiples, select(Granularity::ALL.to_vec())).prop_map(
        |(amount, multiples, granularity)| {
            let multiples = NonZeroU32::new(multiples).expect("multiples start at 1");
            RateLimitItem::new(amount, granularity).with_multiples(multiples)
        },
    )
}

fn parse_many(input: &str) -> Result<Vec<RateLimitItem<'static>>, ParseError> {
    RateLimitItem::parse_many(input).map(Iterator::collect)
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn an_error_is_about_a_part_of_the_string(input in strings()) {
        if let Err(error) = parse_many(&input) {
            prop_assert!(input.get(error.range()).is_some(), "{input:?}: {error:?}");
            let shown = error.pointing_into(&input).to_string();
            prop_assert!(shown.starts_with(&error.to_string()), "{input:?}: {shown:?}");
        }
    }

    #[test]
    fn one_limit_is_read_exactly_if_a_list_of_one_is(input in strings()) {
        let one = RateLimitItem::parse(&input).ok();
        let list = parse_many(&input).ok().filter(|items| items.len() == 1);
        prop_assert_eq!(one, list.map(|items| items[0]), "{:?}", input);
    }

    #[test]
    fn what_is_wrong_with_a_list_is_wrong_with_one_limit(input in strings()) {
        if let Err(error) = parse_many(&input) {
            prop_assert_eq!(RateLimitItem::parse(&input), Err(error), "{:?}", input);
        }
    }

    #[test]
    fn a_list_is_never_empty(input in strings()) {
        prop_assert_ne!(parse_many(&input), Ok(Vec::new()), "{:?}", input);
    }

    #[test]
    fn what_an_item_displays_is_read_as_that_item(item in items()) {
        prop_assert_eq!(item.to_string().parse(), Ok(item));
    }

    #[test]
    fn what_items_display_is_read_as_those_items(
        items in vec(items(), 1..8),
        separator in select(vec![",", ";", "|", ", ", " ; ", "\n|"]),
    ) {
        let written: Vec<String> = items.iter().map(ToString::to_string).collect();
        prop_assert_eq!(parse_many(&written.join(separator)), Ok(items));
    }

    #[test]
    fn case_and_a_final_s_and_leading_zeros_mean_nothing(item in items()) {
        let loud = format!("00{item}s").to_uppercase().replace(" PER ", "PER0");
        prop_assert_eq!(loud.parse(), Ok(item), "{}", loud);
    }
}
