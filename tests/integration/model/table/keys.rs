//! What can be a key of a table, and which keys are the same.

use core::num::NonZeroU32;

use heapless::String;
use limits_core::table::TableKey;
use limits_core::{
    FixedWindowSupport, Identifiers, Key, KeyError, Limit, ManualClock, RateLimitItem, Storage,
    TableError, Timestamp, poll_once,
};

use super::{Counter, Fixed, FixedWindowRateLimiter, MINUTE, TWO_A_MINUTE, passes};

fn taken<K: TableKey>(key: Key<'_>) -> Result<(), TableError> {
    let storage = Fixed::<K, 2>::new();
    let read = poll_once(storage.get(key, Timestamp::ZERO)).expect("memory never waits");
    read.map(|_| ())
}

const TOO_LONG: Result<(), TableError> = Err(TableError::Key(KeyError::TooLong));
const WRONG_KIND: Result<(), TableError> = Err(TableError::Key(KeyError::WrongKind));

#[test]
fn a_number_fits_a_key_type_up_to_its_largest() {
    assert_eq!(taken::<u8>(TWO_A_MINUTE.key_for(255_u16)), Ok(()));
    assert_eq!(taken::<u16>(TWO_A_MINUTE.key_for(65_535_u32)), Ok(()));
    assert_eq!(taken::<u32>(TWO_A_MINUTE.key_for(u32::MAX)), Ok(()));
    assert_eq!(taken::<u64>(TWO_A_MINUTE.key_for(u64::MAX)), Ok(()));
}

#[test]
fn a_number_too_large_for_the_key_type_is_an_error() {
    assert_eq!(taken::<u8>(TWO_A_MINUTE.key_for(256_u16)), TOO_LONG);
    assert_eq!(taken::<u16>(TWO_A_MINUTE.key_for(65_536_u32)), TOO_LONG);
    assert_eq!(taken::<u32>(TWO_A_MINUTE.key_for(1_u64 << 32)), TOO_LONG);
}

#[test]
fn bytes_fit_a_key_type_of_their_length() {
    assert_eq!(
        taken::<[u8; 3]>(TWO_A_MINUTE.key_for(Identifiers::Bytes(b"abc"))),
        Ok(())
    );
}

#[test]
fn bytes_longer_than_the_key_type_are_an_error() {
    assert_eq!(
        taken::<[u8; 3]>(TWO_A_MINUTE.key_for(Identifiers::Bytes(b"abcd"))),
        TOO_LONG
    );
}

#[test]
fn bytes_shorter_than_the_key_type_are_an_error() {
    assert!(taken::<[u8; 3]>(TWO_A_MINUTE.key_for(Identifiers::Bytes(b"ab"))).is_err());
}

#[test]
fn a_text_fits_a_key_type_up_to_its_last_byte() {
    // LIMITER/é/2/1/minute
    assert_eq!(taken::<String<21>>(TWO_A_MINUTE.key_for("é")), Ok(()));
    assert_eq!(taken::<String<20>>(TWO_A_MINUTE.key_for("é")), TOO_LONG);
}

#[test]
fn an_identifier_of_another_kind_is_an_error() {
    assert_eq!(taken::<u8>(TWO_A_MINUTE.key_for("7")), WRONG_KIND);
    assert_eq!(
        taken::<u8>(TWO_A_MINUTE.key_for(Identifiers::Bytes(&[7]))),
        WRONG_KIND
    );
    assert_eq!(taken::<[u8; 1]>(TWO_A_MINUTE.key_for(7_u8)), WRONG_KIND);
    assert_eq!(taken::<u8>(Key::from("7")), WRONG_KIND);
    assert_eq!(taken::<(u8, Limit)>(TWO_A_MINUTE.key_for("7")), WRONG_KIND);
}

#[test]
fn a_key_of_a_limit_cannot_be_made_of_text_alone() {
    let text = Key::from("LIMITER/7/2/1/minute");
    assert_eq!(taken::<(u8, Limit)>(text), WRONG_KIND);
    assert_eq!(taken::<(String<64>, Limit)>(text), WRONG_KIND);
}

#[test]
fn a_key_that_does_not_fit_leaves_nothing() {
    let storage = Fixed::<String<24>, 2>::new();
    let limiter = FixedWindowRateLimiter::with_clock(&storage, ManualClock::default());
    let hit = poll_once(limiter.hit(&TWO_A_MINUTE, "abcdefgh", 1));
    assert_eq!(hit, Some(Err(TableError::Key(KeyError::TooLong))));
    let cleared = poll_once(limiter.clear(&TWO_A_MINUTE, "abcdefgh"));
    assert_eq!(cleared, Some(Err(TableError::Key(KeyError::TooLong))));
    assert_eq!(poll_once(storage.reset()), Some(Ok(0)));
}

/// Takes one unit by `first` and tells what it leaves to `second`, of two each.
fn left_by<K: TableKey>(first: RateLimitItem<'_>, second: RateLimitItem<'_>) -> u64 {
    let storage = Fixed::<K, 8>::new();
    let limiter = FixedWindowRateLimiter::with_clock(&storage, ManualClock::default());
    assert!(passes(
        poll_once(limiter.hit(&first, 7_u8, 1)).expect("memory never waits")
    ));
    let stats = poll_once(limiter.get_window_stats(&second, 7_u8)).expect("memory never waits");
    stats.expect("the key fits").remaining
}

#[test]
fn a_number_alone_is_the_same_key_for_every_limit() {
    assert_eq!(left_by::<u8>(TWO_A_MINUTE, RateLimitItem::per_hour(2)), 1);
}

#[test]
fn a_number_with_its_limit_keeps_periods_apart() {
    type Keys = (u8, Limit);
    assert_eq!(left_by::<Keys>(TWO_A_MINUTE, TWO_A_MINUTE), 1);
    assert_eq!(left_by::<Keys>(TWO_A_MINUTE, RateLimitItem::per_hour(2)), 2);
}

#[test]
fn a_number_with_its_limit_keeps_amounts_apart() {
    type Keys = (u8, Limit);
    assert_eq!(
        left_by::<Keys>(RateLimitItem::per_minute(3), TWO_A_MINUTE),
        2
    );
}

#[test]
fn a_number_with_its_limit_is_one_key_however_the_period_is_written() {
    let sixty = NonZeroU32::new(60).expect("60 is not 0");
    let of_seconds = RateLimitItem::per_second(2).with_multiples(sixty);
    assert_eq!(left_by::<(u8, Limit)>(TWO_A_MINUTE, of_seconds), 1);
}

#[test]
fn a_text_keeps_limits_and_namespaces_apart() {
    type Keys = String<64>;
    assert_eq!(left_by::<Keys>(TWO_A_MINUTE, TWO_A_MINUTE), 1);
    assert_eq!(left_by::<Keys>(TWO_A_MINUTE, RateLimitItem::per_hour(2)), 2);
    assert_eq!(
        left_by::<Keys>(TWO_A_MINUTE, TWO_A_MINUTE.with_namespace("api")),
        2
    );
}

#[test]
fn number_0_is_a_key_like_any_other() {
    let table = Counter::<u16, 4>::new();
    assert!((1..4).all(|key| passes(table.hit(key, 1))));
    assert!(passes(table.hit(0, 2)) && !passes(table.hit(0, 1)));
    table.clock.advance(MINUTE);
    assert!((4..7).all(|key| passes(table.hit(key, 1))));
    assert!(passes(table.hit(0, 1)));
    assert_eq!([0, 1, 4].map(|key| table.remaining(key)), [1, 2, 1]);
}

#[test]
fn half_as_many_keys_as_slots_all_find_one() {
    fn served<K: TableKey>() -> usize {
        let table = Counter::<K, 256>::new();
        (1000..1128)
            .filter(|key| table.hit(*key, 1).is_ok())
            .count()
    }
    assert_eq!(served::<u16>(), 128);
    assert_eq!(served::<u32>(), 128);
    assert_eq!(served::<u64>(), 128);
    assert_eq!(served::<(u32, Limit)>(), 128);
    assert_eq!(served::<String<64>>(), 128);
}

#[test]
fn a_namespace_is_kept_in_text_and_refused_elsewhere() {
    let named = TWO_A_MINUTE.with_namespace("api");
    let refused = Err(TableError::Key(KeyError::Namespace));
    assert_eq!(taken::<String<64>>(named.key_for("7")), Ok(()));
    assert_eq!(taken::<u8>(named.key_for(7_u8)), refused);
    assert_eq!(taken::<(u8, Limit)>(named.key_for(7_u8)), refused);
    assert_eq!(
        taken::<[u8; 1]>(named.key_for(Identifiers::Bytes(&[7]))),
        refused
    );
}
