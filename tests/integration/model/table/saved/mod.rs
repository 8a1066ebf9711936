//! A table saved as bytes and restored: what comes back.

mod refused;
mod stories;

use core::cell::RefCell;
use core::time::Duration;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use limits_core::table::{SavedKey, SavedWindow, TableKey};
use limits_core::window::{Airtime, StateReader, StateWriter};
use limits_core::{
    AirtimeWindow, Ask, FixedLog, Keeps, Key, KeyError, Micros, MovingWindow, RateLimitItem,
    ReserveSupport, StateError, Storage, TableError, TableStorage, Timestamp, poll_once,
};

use super::{Colliding, Counter, Fixed, MICROSECOND, MINUTE, TWO_A_MINUTE, full_table, passes};

type Table<K, W, const N: usize> = TableStorage<NoopRawMutex, K, W, N>;
type Log = MovingWindow<FixedLog<6>>;

const AT: Timestamp = Timestamp::from_secs(1_000_000);

fn state<K: SavedKey, W: SavedWindow, const N: usize>(
    storage: &Table<K, W, N>,
    now: Timestamp,
) -> Vec<u8> {
    let mut buffer = vec![0xA5; Table::<K, W, N>::STATE_LEN];
    let saved = storage.save(now, &mut buffer).expect("there is room");
    saved.to_vec()
}

/// The state of `full_table`, which is 60 seconds from its end.
fn full_state() -> Vec<u8> {
    state(&full_table().storage, Timestamp::ZERO)
}

fn restored(bytes: &[u8], now: Timestamp, slept: Micros) -> Counter<u16, 2> {
    let table = Counter::new();
    assert_eq!(table.storage.restore(bytes, now, slept), Ok(()));
    table.clock.set(now);
    table
}

#[test]
fn a_restored_table_has_its_keys_by_a_clock_that_starts_at_0() {
    let table = full_table();
    table.clock.advance(Micros::from_secs(20));
    let bytes = state(&table.storage, Timestamp::from_secs(20));
    let restored = restored(&bytes, Timestamp::ZERO, Micros::ZERO);
    assert_eq!([1, 2].map(|key| restored.remaining(key)), [1, 1]);
    assert_eq!(restored.hit(3, 1), Err(TableError::Full));
    restored.clock.advance(Micros::from_secs(40));
    restored.clock.rewind(MICROSECOND);
    assert_eq!([1, 2].map(|key| restored.remaining(key)), [1, 1]);
    restored.clock.advance(MICROSECOND);
    assert_eq!([1, 2].map(|key| restored.remaining(key)), [2, 2]);
}

#[test]
fn what_was_slept_is_taken_off() {
    let restored = restored(&full_state(), AT, Micros::from_secs(20));
    let hit = restored.hit(1, 2).expect("the key is there");
    assert_eq!(hit.retry_after(), Some(Duration::from_secs(40)));
}

#[test]
fn no_time_has_passed_when_nobody_knows() {
    let restored = restored(&full_state(), AT, Micros::ZERO);
    let hit = restored.hit(1, 2).expect("the key is there");
    assert_eq!(hit.retry_after(), Some(Duration::from_secs(60)));
}

#[test]
fn a_window_that_ended_in_the_sleep_is_not_restored() {
    let just_live = restored(&full_state(), AT, Micros::from_micros(59_999_999));
    assert_eq!(just_live.hit(3, 1), Err(TableError::Full));
    let over = restored(&full_state(), AT, MINUTE);
    assert_eq!(state(&over.storage, AT).len(), 20);
    assert_eq!(over.reset(), 0);
    assert!(passes(over.hit(3, 2)) && passes(over.hit(4, 2)));
}

#[test]
fn a_window_that_is_over_is_not_saved() {
    let table = full_table();
    let bytes = state(&table.storage, Timestamp::from_secs(60));
    assert_eq!(bytes.len(), 20);
}

#[test]
fn a_restore_replaces_what_the_storage_holds() {
    let table = Counter::<u16, 2>::new();
    assert!(passes(table.hit(2, 2)) && passes(table.hit(9, 2)));
    let at = Timestamp::ZERO;
    assert_eq!(
        table.storage.restore(&full_state(), at, Micros::ZERO),
        Ok(())
    );
    assert_eq!([1, 2, 9].map(|key| table.remaining(key)), [1, 1, 2]);
}

#[test]
fn a_state_can_be_restored_where_it_is_and_saved_again() {
    let table = restored(&full_state(), AT, Micros::ZERO);
    assert_eq!(state(&table.storage, AT), full_state());
}

#[test]
fn instants_beyond_the_end_of_time_are_capped_there() {
    let last = Timestamp::from_micros(u64::MAX - 1);
    let table = restored(&full_state(), last, Micros::ZERO);
    let hit = table.hit(1, 2).expect("the key is there");
    assert_eq!(hit.retry_at(), Some(Timestamp::from_micros(u64::MAX)));
    let table = restored(
        &full_state(),
        Timestamp::from_micros(u64::MAX),
        Micros::ZERO,
    );
    assert_eq!(table.remaining(1), 2, "everything is over at the end");
}

#[test]
fn a_window_until_the_end_of_time_stays_one() {
    let table = Counter::<u16, 2>::new();
    table.clock.set(Timestamp::from_micros(u64::MAX - 1));
    assert!(passes(table.hit(1, 2)));
    let bytes = state(&table.storage, Timestamp::from_micros(u64::MAX - 1));
    let table = restored(&bytes, Timestamp::ZERO, Micros::MAX);
    table.clock.set(Timestamp::from_micros(u64::MAX - 1));
    assert!(!passes(table.hit(1, 1)));
}

#[test]
fn a_state_that_finds_no_room_does_not_leave_the_one_before_it() {
    let table = Counter::<u64, 2>::new();
    assert!(passes(table.hit(1, 1)));
    let mut buffer = [0; 37];
    let saved = table.storage.save(Timestamp::ZERO, &mut buffer);
    assert_eq!(saved.map(<[u8]>::len), Ok(37));
    assert!(passes(table.hit(2, 1)));
    let saved = table.storage.save(Timestamp::ZERO, &mut buffer);
    assert_eq!(saved, Err(StateError::BufferTooSmall));
    let restored = table.storage.restore(&buffer, AT, Micros::ZERO);
    assert_eq!(restored, Err(StateError::Version));
}

#[test]
fn reserved_units_are_taken_once_restored() {
    type Bands = Table<u8, AirtimeWindow<4>, 2>;
    let item = RateLimitItem::per_hour(100);
    let ask = |cost| Ask::new(Airtime, &item, 1_u8, cost);
    let storage = Bands::new();
    assert!(passes(storage.reserve(ask(80), AT)));
    let copy = Bands::new();
    let result = copy.restore(&state(&storage, AT), Timestamp::ZERO, Micros::ZERO);
    assert_eq!(result, Ok(()));
    let test = poll_once(copy.peek(ask(50), Timestamp::ZERO)).expect("memory never waits");
    let test = test.expect("the key fits");
    let whole_period_and_bucket = Timestamp::from_secs(75 * 60);
    assert_eq!(test.remaining(), 20, "{test:?}");
    assert_eq!(test.retry_at(), Some(whole_period_and_bucket), "{test:?}");
}

/// Number 0 is also what unused slots hold, and those before its own may be
/// unused after a restore.
#[test]
fn number_0_is_found_though_the_slot_before_it_was_given_up() {
    let table = Counter::<u16, 4>::new();
    assert!(passes(table.hit(7, 1)));
    table.clock.advance(Micros::from_secs(30));
    assert!(passes(table.hit(0, 2)));
    let bytes = state(&table.storage, Timestamp::from_secs(60));
    let restored = Counter::<u16, 4>::new();
    let result = restored
        .storage
        .restore(&bytes, Timestamp::ZERO, Micros::ZERO);
    assert_eq!(result, Ok(()));
    assert_eq!([0, 7].map(|key| restored.remaining(key)), [0, 2]);
}

#[test]
fn a_full_table_of_many_slots_comes_back_whole() {
    let table = Counter::<u16, 256>::new();
    let keys = (0..2_000).filter(|key| table.hit(*key, 1 + u64::from(key % 2)).is_ok());
    let keys: Vec<u16> = keys.collect();
    assert_eq!(keys.len(), 256);
    let bytes = state(&table.storage, Timestamp::ZERO);
    assert_eq!(bytes.len(), 20 + 256 * (2 + 1 + 8));
    let restored = Counter::<u16, 256>::new();
    let result = restored.storage.restore(&bytes, AT, Micros::ZERO);
    assert_eq!(result, Ok(()));
    restored.clock.set(AT);
    for key in keys {
        assert_eq!(restored.remaining(key), 1 - u64::from(key % 2), "key {key}");
    }
    assert_eq!(restored.reset(), 256);
}

#[test]
fn a_table_without_slots_has_a_state_of_20_bytes() {
    let bytes = state(&Fixed::<u16, 0>::new(), AT);
    assert_eq!(bytes.len(), 20);
    let result = Fixed::<u16, 0>::new().restore(&bytes, AT, Micros::ZERO);
    assert_eq!(result, Ok(()));
}

#[test]
fn a_buffer_with_room_for_what_is_live_is_enough() {
    let table = Counter::<u16, 2>::new();
    assert!(passes(table.hit(1, 1)));
    let mut buffer = [0; 31];
    let mut saved = |room: usize| {
        let saved = table.storage.save(Timestamp::ZERO, &mut buffer[..room]);
        saved.map(<[u8]>::len)
    };
    assert_eq!(saved(31), Ok(31));
    assert_eq!(saved(30), Err(StateError::BufferTooSmall));
}

/// A key whose hash saves the storage.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Meddling(u8);

std::thread_local! {
    static MEDDLED: Fixed<Meddling, 64> = const { Fixed::new() };
    static ERRORS: RefCell<Vec<StateError>> = const { RefCell::new(Vec::new()) };
}

impl TableKey for Meddling {
    const EMPTY: Self = Self(0);

    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        u8::from_key(key).map(Self)
    }

    fn hash(&self) -> u32 {
        let inner = MEDDLED.with(|storage| storage.save(AT, &mut [0; 99]).err());
        ERRORS.with_borrow_mut(|errors| errors.extend(inner));
        0
    }
}

impl SavedKey for Meddling {
    const LEN: usize = 1;

    fn save(&self, to: &mut StateWriter<'_>) -> Option<()> {
        self.0.save(to)
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self> {
        u8::restore(from).map(Self)
    }
}

#[test]
fn a_save_from_within_a_call_is_an_error() {
    MEDDLED.with(|storage| {
        let cleared = poll_once(storage.clear(TWO_A_MINUTE.key_for(1_u8)));
        assert_eq!(cleared, Some(Ok(())));
    });
    ERRORS.with_borrow(|errors| assert_eq!(errors, &[StateError::InUse]));
}

impl SavedKey for Colliding {
    const LEN: usize = 2;

    fn save(&self, to: &mut StateWriter<'_>) -> Option<()> {
        self.0.save(to)
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self> {
        u16::restore(from).map(Self)
    }
}
