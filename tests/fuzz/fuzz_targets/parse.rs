//! The parser: never panics, reads lists and single limits alike, reads what it displays.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limits_core::{ParseError, RateLimitItem};

type Item = RateLimitItem<'static>;

fuzz_target!(|input: &str| {
    let one = RateLimitItem::parse(input);
    match RateLimitItem::parse_many(input).map(Vec::from_iter) {
        Ok(items) => {
            agrees_with_one(input, &items, one);
            reads_what_it_displays(&items);
        }
        Err(error) => {
            assert!(one.is_err(), "{input:?} is one limit, and no list: {error}");
            is_about_a_part_of(input, error);
        }
    }
    if let Err(error) = one {
        is_about_a_part_of(input, error);
    }
});

fn agrees_with_one(input: &str, items: &[Item], one: Result<Item, ParseError>) {
    match items {
        [] => panic!("{input:?} is an empty list"),
        [item] => assert_eq!(one, Ok(*item), "{input:?}"),
        _ => assert!(one.is_err(), "{input:?} is several limits"),
    }
}

fn reads_what_it_displays(items: &[Item]) {
    for item in items {
        assert_eq!(item.to_string().parse(), Ok(*item), "{item}");
    }
    let displayed: Vec<String> = items.iter().map(ToString::to_string).collect();
    let displayed = displayed.join(", ");
    // What was short may be too long when it is displayed: `1/day` is `1 per 1 day`.
    if displayed.len() <= limits_core::parse::MAX_LENGTH {
        let again = RateLimitItem::parse_many(&displayed).map(Vec::from_iter);
        assert_eq!(again.as_deref(), Ok(items), "{displayed:?}");
    }
}

fn is_about_a_part_of(input: &str, error: ParseError) {
    assert!(input.get(error.range()).is_some(), "{input:?}: {error:?}");
    let shown = error.pointing_into(input).to_string();
    assert!(shown.starts_with(&error.to_string()), "{shown:?}");
}
