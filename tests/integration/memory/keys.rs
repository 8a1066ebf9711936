//! Which keys are the same, and that any text is a key.

use std::collections::HashMap;

use limits_core::window::{Fixed, Gcra, Moving, SlidingCounter};
use limits_core::{
    Ask, FixedWindowSupport, Granularity, Identifiers, Key, RateLimitItem, Timestamp,
};

use super::{MINUTE, Windows, assert_passes, done, held, limiter, on_every_handle};

const NOW: Timestamp = Timestamp::from_secs(1_000);
const TEN_A_MINUTE: RateLimitItem<'_> = RateLimitItem::per_minute(10);

fn add(storage: &impl Windows, key: Key<'_>, amount: u64) {
    let before = count(storage, key);
    let added = done(storage.incr(key, MINUTE, false, amount, NOW));
    assert_eq!(added.ok(), Some(before + amount), "{key}");
}

fn count(storage: &impl Windows, key: Key<'_>) -> u64 {
    done(storage.get(key, NOW)).expect("a question needs no room")
}

/// Limits of every built-in granularity, with and without multiples and namespaces.
fn items() -> Vec<RateLimitItem<'static>> {
    let week = Granularity::new(604_800, "week").expect("a week is not empty");
    let units = Granularity::ALL.into_iter().chain([week]);
    let items = units.map(|unit| RateLimitItem::new(10, unit));
    let parse = |text| RateLimitItem::parse(text).expect("a well-formed limit");
    let others = ["10/5 minutes", "0/hour", "18446744073709551615/day"].map(parse);
    let items: Vec<_> = items.chain(others).collect();
    let named = items.iter().flat_map(|item| {
        let namespaces = ["", "LIMITER", "LIMITER/LIMITER", "api", "é"];
        namespaces.map(|namespace| item.with_namespace(namespace))
    });
    named.collect()
}

#[test]
fn a_key_of_an_item_is_the_same_as_its_text() {
    fn check(storage: impl Windows) {
        let ids = [
            Identifiers::from(""),
            Identifiers::from("user-42"),
            Identifiers::from("LIMITER/user/1/minute"),
            Identifiers::from(&["user", "42"]),
            Identifiers::from(42_u64),
            Identifiers::Bytes(&[0xca, 0xfe]),
        ];
        for item in items() {
            for id in ids {
                let key = item.key_for(id);
                let text = key.to_string();
                add(&storage, key, 2);
                assert_eq!(count(&storage, Key::from(&*text)), 2, "{key}");
                add(&storage, Key::from(&*text), 3);
                assert_eq!(count(&storage, key), 5, "{key}");
                done(storage.clear(key)).expect("a clear needs no room");
                assert_eq!(count(&storage, Key::from(&*text)), 0, "{key}");
            }
        }
    }
    on_every_handle!(check);
}

#[test]
fn a_limiters_key_is_read_by_its_text() {
    fn check(storage: impl Windows) {
        let limiter = limiter::<Fixed, _>(&storage);
        assert_passes(done(limiter.hit(&TEN_A_MINUTE, "user-42", 3)));
        let text = Key::from("LIMITER/user-42/10/1/minute");
        assert_eq!(count(&storage, text), 3);
        assert_eq!(held(&storage), 1);
    }
    on_every_handle!(check);
}

#[test]
fn different_texts_are_different_keys() {
    fn check(storage: impl Windows) {
        let parts = [
            "",
            "/",
            "a",
            "LIMITER",
            "LIMITER/",
            "/1/minute",
            "/7",
            "/07",
        ];
        let mut counts = HashMap::<_, u64>::new();
        for (number, first) in (1..).zip(parts) {
            for second in parts {
                for third in parts {
                    let text = [first, second, third].concat();
                    add(&storage, Key::from(&*text), number);
                    *counts.entry(text).or_default() += number;
                }
            }
        }
        for (text, taken) in counts {
            assert_eq!(count(&storage, Key::from(&*text)), taken, "{text}");
        }
    }
    on_every_handle!(check);
}

#[test]
fn a_text_of_any_length_is_a_key() {
    fn check(storage: impl Windows) {
        let lengths = (1..=40).chain([100, 255, 256, 1_000, 9_999, 10_000]);
        let repeated =
            lengths.flat_map(|length| ["x", "é", "/", "\0"].map(|part| part.repeat(length)));
        let texts: Vec<_> = repeated.chain([String::new()]).collect();
        let taken_of = |text: &str| 1 + u64::try_from(text.len()).expect("a length fits");
        for text in &texts {
            add(&storage, Key::from(&**text), taken_of(text));
            add(&storage, TEN_A_MINUTE.key_for(text), taken_of(text) + 1);
        }
        for text in &texts {
            let counts = (
                count(&storage, Key::from(&**text)),
                count(&storage, TEN_A_MINUTE.key_for(text)),
            );
            assert_eq!(counts, (taken_of(text), taken_of(text) + 1), "{text}");
        }
    }
    on_every_handle!(check);
}

/// Takes one unit of a key's fixed window, two of its moving and three of its sliding one,
/// and four of its bucket.
fn take_of_each_kind(storage: &impl Windows, key: Key<'_>) {
    let limit = TEN_A_MINUTE.limit();
    add(storage, key, 1);
    let ask = Ask::of_key((), key, limit, 2);
    assert_passes(done(storage.acquire(ask.with_kind(Moving), NOW)));
    let ask = ask.with_cost(3).with_kind(SlidingCounter);
    assert_passes(done(storage.acquire(ask, NOW)));
    let ask = ask.with_cost(4).with_kind(Gcra);
    assert_passes(done(storage.acquire(ask, NOW)));
}

/// Tells the units taken of a key's windows.
fn taken(storage: &impl Windows, id: &str) -> [u64; 4] {
    let test = [
        done(limiter::<Fixed, _>(storage).test(&TEN_A_MINUTE, id, 0)),
        done(limiter::<Moving, _>(storage).test(&TEN_A_MINUTE, id, 0)),
        done(limiter::<SlidingCounter, _>(storage).test(&TEN_A_MINUTE, id, 0)),
        done(limiter::<Gcra, _>(storage).test(&TEN_A_MINUTE, id, 0)),
    ];
    test.map(|test| 10 - test.expect("a test needs no room").remaining())
}

#[test]
fn the_windows_of_one_key_do_not_touch_each_other() {
    fn check(storage: impl Windows) {
        take_of_each_kind(&storage, TEN_A_MINUTE.key_for("a"));
        assert_eq!(taken(&storage, "a"), [1, 2, 3, 4]);
    }
    on_every_handle!(check);
}

#[test]
fn a_clear_removes_every_window_of_a_key_and_no_others() {
    fn check(storage: impl Windows) {
        take_of_each_kind(&storage, TEN_A_MINUTE.key_for("a"));
        take_of_each_kind(&storage, TEN_A_MINUTE.key_for("b"));
        done(storage.clear(TEN_A_MINUTE.key_for("a"))).expect("a clear needs no room");
        assert_eq!(taken(&storage, "a"), [0; 4]);
        assert_eq!(taken(&storage, "b"), [1, 2, 3, 4]);
        assert_eq!(held(&storage), 4);
    }
    on_every_handle!(check);
}
