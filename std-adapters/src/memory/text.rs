//! The form in which a key is kept and looked up.

use core::hash::{BuildHasher, Hasher};

use limits_core::{Identifiers, Key, RateLimitItem};

/// What is not in a form's text: `LIMITER/` in front of it.
const DEFAULT_NAMESPACE: u64 = 8;
/// What is not in a form's text: `/`, an amount, and an end of [`ENDS`] behind it.
const AMOUNT: u64 = 16;
/// Amounts of as many bits as this and more stay in the text.
const AMOUNT_BITS: u32 = 59;

/// The ends of keys with a built-in granularity and no multiples; the place of
/// an end is its code.
const ENDS: [&str; 6] = [
    "/1/second",
    "/1/minute",
    "/1/hour",
    "/1/day",
    "/1/month",
    "/1/year",
];

/// A key's text, short, and the rest of it as a number.
///
/// Two keys have equal forms exactly when they have the same text, whether they
/// were made of an item or of text. Most are made without copying and kept
/// without the heap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Form<'a> {
    pub(super) text: &'a str,
    pub(super) rest: u64,
}

// Out of line these return through memory, which doubles the time of a hit.
impl<'a> Form<'a> {
    /// Makes the form of `key`, in `buffer` if the key is not of the most common kind.
    #[inline(always)]
    pub(super) fn of(key: &Key<'a>, buffer: &'a mut Buffer) -> Self {
        Self::of_common(key).unwrap_or_else(|| Self::of_text(buffer.write(key)))
    }

    #[inline(always)]
    fn new(text: &'a str, amount: u64, flags: u64) -> Self {
        let rest = amount << (u64::BITS - AMOUNT_BITS) | flags;
        Self { text, rest }
    }

    /// Makes the form of a key of the most common kind: one text under the
    /// default namespace, per one built-in granularity.
    #[inline(always)]
    fn of_common(key: &Key<'a>) -> Option<Self> {
        let (Some(item), Identifiers::Text(text)) = (key.item(), key.identifiers()) else {
            return None;
        };
        let is_common = item.multiples() == 1
            && item.namespace() == RateLimitItem::DEFAULT_NAMESPACE
            && item.amount() >> AMOUNT_BITS == 0;
        let end = match item.granularity().name() {
            "second" => 0,
            "minute" => 1,
            "hour" => 2,
            "day" => 3,
            "month" => 4,
            "year" => 5,
            _ => return None,
        };
        is_common.then(|| Self::new(text, item.amount(), AMOUNT | DEFAULT_NAMESPACE | end))
    }

    fn of_text(text: &'a str) -> Self {
        let split = || {
            let (end, rest) = ENDS.iter().zip(0..).find_map(|(end, code)| {
                let rest = text.strip_suffix(end)?;
                Some((code, rest))
            })?;
            let (rest, digits) = rest.rsplit_once('/')?;
            let amount = digits.parse::<u64>().ok()?;
            // Only what is written as an amount is: no sign, no leading zeros.
            let is_written_so = digits == "0" || digits.starts_with(|c| ('1'..='9').contains(&c));
            let is_amount = is_written_so && amount >> AMOUNT_BITS == 0;
            is_amount.then_some((rest, amount, AMOUNT | end))
        };
        let (rest, amount, flags) = split().unwrap_or((text, 0, 0));
        let namespace = RateLimitItem::DEFAULT_NAMESPACE;
        match rest
            .strip_prefix(namespace)
            .and_then(|rest| rest.strip_prefix('/'))
        {
            Some(rest) => Self::new(rest, amount, flags | DEFAULT_NAMESPACE),
            None => Self::new(rest, amount, flags),
        }
    }

    #[inline(always)]
    pub(super) fn hash(&self, hasher: &impl BuildHasher) -> u64 {
        let mut state = hasher.build_hasher();
        state.write(self.text.as_bytes());
        state.write_u64(self.rest);
        state.finish()
    }
}

/// Room for the text of a key: on the stack for most, on the heap for long ones.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    near: Option<[u8; 128]>,
    far: String,
}

impl Buffer {
    #[cold]
    fn write(&mut self, key: &Key<'_>) -> &str {
        let near = key.write_to(self.near.insert([0; 128]));
        if let Some(text) = near.and_then(|text| str::from_utf8(text).ok()) {
            return text;
        }
        self.far = key.to_string();
        &self.far
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limits_core::Granularity;
    use std::collections::HashMap;

    #[test]
    fn different_texts_have_different_forms() {
        let parts = [
            "",
            "/",
            "a",
            "LIMITER",
            "LIMITER/",
            "/1/minute",
            "/1/day",
            "7",
            "/07",
            "/7",
        ];
        let mut forms = HashMap::new();
        for first in parts {
            for second in parts {
                for third in parts {
                    let text = [first, second, third].concat();
                    let form = Form::of_text(&text);
                    let form = (form.text.to_owned(), form.rest);
                    let same = forms.entry(form).or_insert(text.clone());
                    assert_eq!(*same, text);
                }
            }
        }
    }

    #[test]
    fn a_key_and_its_text_have_one_form() {
        let units = Granularity::ALL.map(|unit| RateLimitItem::new(10, unit));
        let week = Granularity::new(604_800, "week").expect("a week is not empty");
        let parse = |text| RateLimitItem::parse(text).expect("a well-formed limit");
        let others = ["0/second", "18446744073709551615/day", "5/2 hours"].map(parse);
        let largest = [(1 << 59) - 1, 1 << 59].map(RateLimitItem::per_hour);
        let named = RateLimitItem::per_day(7).with_namespace("LIMITER/x");
        let unusual = [RateLimitItem::new(1, week), named, named.with_namespace("")];
        let items = units
            .into_iter()
            .chain(others)
            .chain(largest)
            .chain(unusual);
        for item in items {
            for id in [
                "",
                "a",
                "LIMITER/",
                "x/1/minute",
                "/",
                &"é".repeat(21),
                &"x".repeat(100),
            ] {
                let key = item.key_for(id);
                let text = key.to_string();
                assert_eq!(
                    Form::of(&key, &mut Buffer::default()),
                    Form::of_text(&text),
                    "{key}"
                );
            }
        }
    }

    #[test]
    fn common_keys_are_short() {
        let item = RateLimitItem::per_minute(100);
        let key = item.key_for("user-123456");
        assert_eq!(Form::of(&key, &mut Buffer::default()).text, "user-123456");
    }
}
