//! What is no state of a table: it is refused, and the table stays as it is.

use heapless::String;
use limits_core::table::{SavedKey, SavedWindow};
use limits_core::window::{Gcra, SlidingCounter, StateWriter};
use limits_core::{
    AirtimeWindow, FixedLog, FixedWindow, GcraWindow, Limit, ManualClock, Micros, MovingWindow,
    RateLimiter, SlidingWindow, StateError, Timestamp, poll_once,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::super::{
    Colliding, Counter, Fixed, MICROSECOND, MINUTE, TWO_A_MINUTE, full_table, passes,
};
use super::{AT, Log, Table, full_state, restored, state};
use crate::laws::cases;

/// Checks that bytes are refused for a reason and that the table stays as it is.
fn is_refused(bytes: &[u8], reason: StateError) {
    let table = full_table();
    let refused = table.storage.restore(bytes, Timestamp::ZERO, Micros::ZERO);
    assert_eq!(refused, Err(reason), "{bytes:?}");
    let after = state(&table.storage, Timestamp::ZERO);
    assert_eq!(after, full_state(), "changed by {bytes:?}");
}

#[test]
fn every_wrong_byte_is_noticed() {
    let bytes = full_state();
    for place in 0..bytes.len() {
        for flipped in 1..=u8::MAX {
            let mut bytes = bytes.clone();
            bytes[place] ^= flipped;
            let version = StateError::Version;
            let reason = if place == 0 {
                version
            } else {
                StateError::Corrupt
            };
            is_refused(&bytes, reason);
        }
    }
}

#[test]
fn every_cut_is_noticed() {
    let bytes = full_state();
    for length in 0..bytes.len() {
        is_refused(&bytes[..length], StateError::Corrupt);
    }
}

#[test]
fn memory_that_was_never_written_is_no_state() {
    for byte in [0x00, 0xFF] {
        is_refused(&[byte; Fixed::<u16, 2>::STATE_LEN], StateError::Version);
    }
}

#[test]
fn a_state_of_another_layout_is_refused() {
    let other = StateError::Layout;
    is_refused(&state(&Fixed::<u16, 3>::new(), AT), other);
    is_refused(&state(&Fixed::<u8, 2>::new(), AT), other);
    is_refused(&state(&Fixed::<(u16, Limit), 2>::new(), AT), other);
    is_refused(&state(&Table::<u16, SlidingWindow, 2>::new(), AT), other);
    is_refused(&state(&Table::<u16, Log, 2>::new(), AT), other);
}

#[test]
fn a_log_of_another_room_is_another_layout() {
    type Other = MovingWindow<FixedLog<5>>;
    let bytes = state(&Table::<u16, Other, 2>::new(), AT);
    let refused = Table::<u16, Log, 2>::new().restore(&bytes, AT, Micros::ZERO);
    assert_eq!(refused, Err(StateError::Layout));
}

/// Makes the state of a storage that holds these bytes, with a checksum that is right.
fn forged<K: SavedKey, W: SavedWindow, const N: usize>(windows: &[&[u8]]) -> Vec<u8> {
    let mut bytes = state(&Table::<K, W, N>::new(), AT);
    bytes.truncate(16);
    bytes.extend(windows.concat());
    let length = u32::try_from(bytes.len() + 4).expect("it is short");
    bytes[12..16].copy_from_slice(&length.to_le_bytes());
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = bytes.iter().fold(0x811C_9DC5, step);
    let checksum = hash.wrapping_mul(0x9E37_79B9);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

fn fixed_window(key: u16, count: u32, span: u64) -> Vec<u8> {
    let mut bytes = key.to_le_bytes().to_vec();
    bytes.extend(counts(&[count.into()]));
    bytes.extend(span.to_le_bytes());
    bytes
}

/// Counts as windows write them.
fn counts(counts: &[u64]) -> Vec<u8> {
    let mut buffer = [0; 64];
    let mut writer = StateWriter::new(&mut buffer, AT);
    for count in counts {
        writer.put_count(*count).expect("there is room");
    }
    writer.into_written().to_vec()
}

#[test]
fn a_forged_state_is_what_a_true_one_would_be() {
    let windows = [1, 2].map(|key| fixed_window(key, 1, 60_000_000));
    let forged = forged::<u16, FixedWindow, 2>(&[&windows[0], &windows[1]]);
    assert_eq!(forged, full_state());
}

#[test]
fn more_windows_than_slots_are_refused() {
    let windows = [1, 2, 3].map(|key| fixed_window(key, 1, 9));
    let bytes = forged::<u16, FixedWindow, 2>(&[&windows.concat()]);
    is_refused(&bytes, StateError::Corrupt);
}

#[test]
fn more_windows_of_one_home_than_it_has_slots_are_refused() {
    let result = |count| {
        let windows: Vec<u8> = (0..count).flat_map(|key| fixed_window(key, 1, 9)).collect();
        let bytes = forged::<Colliding, FixedWindow, 64>(&[&windows]);
        Fixed::<Colliding, 64>::new().restore(&bytes, AT, Micros::ZERO)
    };
    assert_eq!(result(16), Ok(()));
    assert_eq!(result(17), Err(StateError::Corrupt));
}

#[test]
fn windows_that_are_not_in_the_order_of_the_table_are_refused() {
    let table = Counter::<u16, 64>::new();
    assert!((1..=8).all(|key| passes(table.hit(key, 1))));
    let mut bytes = state(&table.storage, Timestamp::ZERO)[16..].to_vec();
    bytes.truncate(bytes.len() - 4);
    let (first, last) = (bytes[..11].to_vec(), bytes[77..].to_vec());
    bytes[..11].copy_from_slice(&last);
    bytes[77..].copy_from_slice(&first);
    let bytes = forged::<u16, FixedWindow, 64>(&[&bytes]);
    let refused = Fixed::<u16, 64>::new().restore(&bytes, AT, Micros::ZERO);
    assert_eq!(refused, Err(StateError::Corrupt));
}

#[test]
fn a_window_for_ever_is_one_of_a_period_from_the_next_hit_on() {
    for span in [u64::MAX, u64::MAX - 1] {
        let window = fixed_window(1, u32::MAX, span);
        let bytes = forged::<u16, FixedWindow, 2>(&[&window]);
        let table = restored(&bytes, AT, Micros::ZERO);
        assert!(!passes(table.hit(1, 1)), "span {span}");
        table.clock.advance(MINUTE);
        table.clock.rewind(MICROSECOND);
        assert!(!passes(table.hit(1, 1)), "span {span}");
        table.clock.advance(MICROSECOND);
        assert!(passes(table.hit(1, 2)), "span {span}");
    }
}

#[test]
fn a_count_that_is_not_in_its_shortest_form_is_refused() {
    let span = 9_u64.to_le_bytes();
    for count in [&[0x81, 0x00][..], &[0x80; 11], &[0xFF; 10]] {
        let bytes = forged::<u16, FixedWindow, 2>(&[&[1, 0], count, &span]);
        is_refused(&bytes, StateError::Corrupt);
    }
}

/// Of a bucket for which 64 bits are too narrow, and of ones of the largest numbers.
#[test]
fn a_bucket_of_any_numbers_decides_or_is_refused() {
    let restore = |numbers: &[u64; 4], span: u64| {
        let window = [counts(numbers), span.to_le_bytes().to_vec()].concat();
        let bytes = forged::<u16, GcraWindow<u64>, 2>(&[&[1, 0], &window]);
        let storage = Table::<u16, GcraWindow<u64>, 2>::new();
        let result = storage.restore(&bytes, AT, Micros::ZERO);
        result.map(|()| storage)
    };
    assert_eq!(restore(&[1, 0, 1, 0], 0).err(), Some(StateError::Corrupt));
    for missing in [0, 1, 1 << 62, u64::MAX] {
        for rate in [0, 1, u32::MAX.into()] {
            for span in [0, 1, 60_000_001, u64::MAX] {
                let storage = restore(&[0, missing, rate, u64::MAX], span);
                let storage = storage.expect("any numbers are a bucket");
                let clock = ManualClock::new(AT);
                let limiter = RateLimiter::<Gcra, _, _>::with_clock(&storage, clock);
                let hit = poll_once(limiter.hit(&TWO_A_MINUTE, 1_u16, 1));
                let hit = hit.expect("memory never waits").expect("there is a slot");
                assert!(hit.reset_time() > AT, "{missing}, {rate}, {span}: {hit:?}");
                assert!(
                    hit.retry_at() >= Some(AT),
                    "{missing}, {rate}, {span}: {hit:?}"
                );
            }
        }
    }
}

#[test]
fn of_a_key_that_is_there_twice_the_last_window_counts() {
    let windows = [1, 2].map(|count| fixed_window(1, count, 9));
    let bytes = forged::<u16, FixedWindow, 2>(&[&windows.concat()]);
    let table = restored(&bytes, AT, Micros::ZERO);
    assert_eq!(table.remaining(1), 0);
}

#[test]
fn a_sliding_window_of_the_largest_numbers_decides() {
    for span in [0, 1, 59_999_999, 60_000_001, u64::MAX - 1, u64::MAX] {
        let most = counts(&[u32::MAX.into(); 2]);
        let window = [most.as_slice(), &span.to_le_bytes()].concat();
        let bytes = forged::<u16, SlidingWindow, 2>(&[&[1, 0], &window]);
        let storage = Table::<u16, SlidingWindow, 2>::new();
        let result = storage.restore(&bytes, AT, Micros::ZERO);
        assert_eq!(result, Ok(()));
        let clock = ManualClock::new(AT);
        let limiter = RateLimiter::<SlidingCounter, _, _>::with_clock(&storage, clock);
        let hit = poll_once(limiter.hit(&TWO_A_MINUTE, 1_u16, 1)).expect("memory never waits");
        assert_eq!(passes(hit), span == 0, "span {span}");
        assert!(hit.is_ok_and(|hit| hit.reset_time() > AT), "span {span}");
    }
}

#[test]
fn a_log_that_goes_back_or_has_too_many_units_is_refused() {
    let result = |number: u64, runs: &[(u64, u64)]| {
        let runs = runs
            .iter()
            .flat_map(|(units, span)| [counts(&[*units]), span.to_le_bytes().to_vec()].concat());
        let runs: Vec<u8> = runs.collect();
        let bytes = forged::<u16, Log, 2>(&[&[1, 0], &counts(&[number]), &runs]);
        Table::<u16, Log, 2>::new().restore(&bytes, AT, Micros::ZERO)
    };
    let corrupt = Err(StateError::Corrupt);
    assert_eq!(result(3, &[(1, 1), (4, 2), (1, u64::MAX)]), Ok(()));
    assert_eq!(result(3, &[(1, 1), (5, 2), (1, 3)]), corrupt);
    assert_eq!(result(2, &[(u64::MAX, 1), (2, 2)]), corrupt);
    assert_eq!(result(u64::MAX, &[(1, 1); 12]), corrupt);
    assert_eq!(result(2, &[(1, 2), (1, 1)]), corrupt);
    assert_eq!(result(2, &[(1, 1), (0, 2)]), corrupt);
    assert_eq!(result(2, &[(1, 1)]), corrupt);
    assert_eq!(result(1, &[(1, 1), (1, 2)]), corrupt);
    assert_eq!(result(0, &[]), Ok(()));
}

#[test]
fn a_text_that_is_none_or_does_not_fit_is_refused() {
    let result = |text: &[u8]| {
        let window = &fixed_window(0, 1, 9)[2..];
        let bytes = forged::<String<3>, FixedWindow, 2>(&[text, window]);
        Fixed::<String<3>, 2>::new().restore(&bytes, AT, Micros::ZERO)
    };
    assert_eq!(result(b"\x03\x00abc"), Ok(()));
    assert_eq!(result(b"\x04\x00abcd"), Err(StateError::Corrupt));
    assert_eq!(result(b"\x03\x00ab\xC3"), Err(StateError::Corrupt));
    assert_eq!(result(b"\xFF\xFFabc"), Err(StateError::Corrupt));
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn any_bytes_are_safe_to_try(bytes in vec(any::<u8>(), 0..120), now: u64, slept: u64) {
        is_safe_to_try::<u16, FixedWindow>(&bytes, now, slept)?;
        is_safe_to_try::<(u8, Limit), SlidingWindow>(&bytes, now, slept)?;
        is_safe_to_try::<String<9>, Log>(&bytes, now, slept)?;
        is_safe_to_try::<u8, GcraWindow<u64>>(&bytes, now, slept)?;
    }

    #[test]
    fn any_windows_are_safe_to_try(
        bytes in vec(prop_oneof![Just(0_u8), 0..4_u8, any::<u8>()], 0..5 * 14),
        now: u64,
        slept in prop_oneof![Just(0), any::<u64>()],
    ) {
        let whole = |window: usize| &bytes[..bytes.len() / window * window];
        is_safe_to_try::<u16, FixedWindow>(whole(11), now, slept)?;
        is_safe_to_try::<u8, SlidingWindow>(whole(11), now, slept)?;
        is_safe_to_try::<u8, GcraWindow<u64>>(whole(13), now, slept)?;
        is_safe_to_try::<u8, Log>(&bytes, now, slept)?;
        is_safe_to_try::<u8, AirtimeWindow<2>>(whole(20), now, slept)?;
    }
}

/// Tries bytes, and the same as the windows of a state with a right checksum,
/// and uses what they were taken for.
fn is_safe_to_try<K: SavedKey, W: SavedWindow>(
    bytes: &[u8],
    now: u64,
    slept: u64,
) -> TestCaseResult {
    let now = Timestamp::from_micros(now);
    let slept = Micros::from_micros(slept);
    let storage = Table::<K, W, 4>::new();
    prop_assert!(storage.restore(bytes, now, slept).is_err());
    let forged = forged::<K, W, 4>(&[bytes]);
    if storage.restore(&forged, now, slept).is_ok() {
        let again = state(&storage, now);
        prop_assert_eq!(storage.restore(&again, now, Micros::ZERO), Ok(()));
        prop_assert_eq!(state(&storage, now), again);
    }
    Ok(())
}
