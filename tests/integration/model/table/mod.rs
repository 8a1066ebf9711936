//! The table of fixed capacity: when it is full, when a slot is free, and how large a limit may be.

mod keys;
mod saved;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use limits_core::table::TableKey;
use limits_core::{
    Decision, FixedLog, FixedWindow, FixedWindowRateLimiter, FixedWindowSupport, Key, KeyError,
    ManualClock, Micros, MovingWindow, MovingWindowRateLimiter, RateLimitItem, Storage, TableError,
    TableStorage, Timestamp, poll_once,
};

type Fixed<K, const N: usize> = TableStorage<NoopRawMutex, K, FixedWindow, N>;
type Moving<const L: usize> = TableStorage<NoopRawMutex, u8, MovingWindow<FixedLog<L>>, 2>;

const TWO_A_MINUTE: RateLimitItem<'_> = RateLimitItem::per_minute(2);
const MINUTE: Micros = Micros::from_secs(60);
const MICROSECOND: Micros = Micros::from_micros(1);

/// Fixed windows of two hits a minute in a table, by a clock of its own.
struct Counter<K, const N: usize> {
    storage: Fixed<K, N>,
    clock: ManualClock,
}

impl<K: TableKey, const N: usize> Counter<K, N> {
    fn new() -> Self {
        Self {
            storage: Fixed::new(),
            clock: ManualClock::default(),
        }
    }

    fn hit(&self, key: u16, cost: u64) -> Result<Decision, TableError> {
        let limiter = FixedWindowRateLimiter::with_clock(&self.storage, &self.clock);
        poll_once(limiter.hit(&TWO_A_MINUTE, key, cost)).expect("memory never waits")
    }

    fn remaining(&self, key: u16) -> u64 {
        let limiter = FixedWindowRateLimiter::with_clock(&self.storage, &self.clock);
        let stats = poll_once(limiter.get_window_stats(&TWO_A_MINUTE, key));
        let stats = stats.expect("memory never waits").expect("the key fits");
        stats.remaining
    }

    fn clear(&self, key: u16) {
        let cleared = poll_once(self.storage.clear(TWO_A_MINUTE.key_for(key)));
        cleared.expect("memory never waits").expect("the key fits");
    }

    fn reset(&self) -> u64 {
        let reset = poll_once(self.storage.reset()).expect("memory never waits");
        reset.expect("a reset never fails")
    }
}

fn passes(hit: Result<Decision, TableError>) -> bool {
    hit.expect("there is a slot").allowed()
}

/// A table of two slots in which keys 1 and 2 have one unit left.
fn full_table() -> Counter<u16, 2> {
    let table = Counter::new();
    assert!(passes(table.hit(1, 1)) && passes(table.hit(2, 1)));
    table
}

#[test]
fn a_new_key_in_a_full_table_is_an_error_with_a_name() {
    assert_eq!(full_table().hit(3, 1), Err(TableError::Full));
}

#[test]
fn a_full_table_forgets_no_key() {
    let table = full_table();
    let _ = table.hit(3, 1);
    assert_eq!([1, 2, 3].map(|key| table.remaining(key)), [1, 1, 2]);
}

#[test]
fn a_full_table_serves_the_keys_it_holds() {
    let table = full_table();
    let _ = table.hit(3, 1);
    assert!(passes(table.hit(1, 1)) && !passes(table.hit(1, 1)));
}

#[test]
fn a_slot_is_free_exactly_when_its_window_is_over() {
    let table = full_table();
    table.clock.advance(MINUTE);
    table.clock.rewind(MICROSECOND);
    assert_eq!(table.hit(3, 1), Err(TableError::Full), "{:?}", table.clock);
    table.clock.advance(MICROSECOND);
    assert!(passes(table.hit(3, 1)), "{:?}", table.clock);
    assert_eq!(table.remaining(3), 1, "{:?}", table.clock);
}

#[test]
fn a_cleared_slot_is_free() {
    let table = full_table();
    table.clear(1);
    assert!(passes(table.hit(3, 1)));
    assert_eq!([1, 2, 3].map(|key| table.remaining(key)), [2, 1, 1]);
}

#[test]
fn clearing_a_key_that_is_not_there_changes_nothing() {
    let table = full_table();
    table.clear(3);
    assert_eq!([1, 2, 3].map(|key| table.remaining(key)), [1, 1, 2]);
}

#[test]
fn a_reset_forgets_every_key_and_tells_how_many_there_were() {
    let table = full_table();
    assert_eq!(table.reset(), 2);
    assert_eq!([1, 2].map(|key| table.remaining(key)), [2, 2]);
    assert_eq!(table.reset(), 0);
}

/// Its windows end a period from now at the latest, whoever made them.
#[test]
fn a_full_table_has_room_again_though_the_clock_went_back() {
    let hour = Micros::from_secs(3_600);
    let table = Counter::new();
    table.clock.set(Timestamp::ZERO.saturating_add(hour));
    assert!(passes(table.hit(1, 1)) && passes(table.hit(2, 1)));
    table.clock.rewind(hour);
    assert_eq!(table.hit(3, 1), Err(TableError::Full), "{:?}", table.clock);
    // The longest period is kept in steps of about a second.
    table.clock.advance(Micros::from_secs(62));
    assert!(passes(table.hit(3, 1)), "{:?}", table.clock);
    let _: Counter<u16, 2> = table;
}

/// Number 0 is what unused slots hold, so it is no new key there.
#[test]
fn a_full_table_keeps_the_window_of_number_0_to_its_end() {
    let table = Counter::<u16, 1>::new();
    assert!(passes(table.hit(0, 1)));
    for _ in 0..2 {
        assert_eq!(table.hit(1, 1), Err(TableError::Full));
        assert_eq!(table.remaining(0), 1);
    }
    table.clock.advance(MINUTE);
    assert!(passes(table.hit(1, 1)));
}

#[test]
fn a_full_table_keeps_the_window_of_a_known_key_with_a_longer_period_to_its_end() {
    let table = Fixed::<u16, 1>::new();
    let limiter = FixedWindowRateLimiter::with_clock(&table, ManualClock::default());
    let hit = |item: &RateLimitItem<'_>, key: u16| {
        poll_once(limiter.hit(item, key, 1)).expect("memory never waits")
    };
    let (second, hour) = (RateLimitItem::per_second(2), RateLimitItem::per_hour(2));
    assert!(passes(hit(&second, 1)));
    limiter.clock().advance(Micros::from_secs(1));
    assert!(passes(hit(&hour, 1)));
    assert_eq!(hit(&second, 2), Err(TableError::Full));
    limiter.clock().advance(Micros::from_secs(3_599));
    assert_eq!(hit(&second, 2), Err(TableError::Full));
    limiter.clock().advance(Micros::from_secs(1));
    assert!(passes(hit(&second, 2)));
}

#[test]
fn a_key_that_is_forgotten_while_the_clock_was_ahead_starts_anew() {
    let table = full_table();
    table.clock.advance(MINUTE);
    assert!(passes(table.hit(3, 1)) && passes(table.hit(4, 1)));
    table.clock.rewind(MINUTE);
    assert_eq!([1, 2, 3, 4].map(|key| table.remaining(key)), [2, 2, 1, 1]);
}

#[test]
fn a_check_of_a_full_table_finds_it_well() {
    let checked = poll_once(full_table().storage.check());
    assert_eq!(checked, Some(Ok(())));
}

#[test]
fn an_impossible_cost_and_a_test_need_no_slot() {
    let table = Counter::<u16, 0>::new();
    assert_eq!(table.hit(1, 1), Err(TableError::Full));
    assert!(!passes(table.hit(1, 3)));
    assert_eq!(table.remaining(1), 2);
}

#[test]
fn a_hit_of_cost_0_needs_no_slot() {
    assert!(passes(full_table().hit(3, 0)));
}

#[test]
fn a_question_fails_while_more_is_counted_than_the_limit_allows() {
    let table = Counter::<u16, 2>::new();
    let key = TWO_A_MINUTE.key_for(1_u16);
    let added = table.storage.incr(key, MINUTE, false, 3, Timestamp::ZERO);
    assert_eq!(poll_once(added), Some(Ok(3)));
    let question = table.hit(1, 0).expect("there is a slot");
    assert!(!question.allowed(), "{question:?}");
    assert_eq!(
        question.retry_at(),
        Some(Timestamp::from_secs(60)),
        "{question:?}"
    );
}

#[test]
fn a_limit_larger_than_the_log_is_an_error_and_leaves_nothing() {
    let storage = Moving::<4>::new();
    let limiter = MovingWindowRateLimiter::with_clock(&storage, ManualClock::default());
    let item = RateLimitItem::per_minute(5);
    let hit = poll_once(limiter.hit(&item, 1_u8, 1));
    assert_eq!(hit, Some(Err(TableError::LimitTooLarge)));
    assert_eq!(poll_once(storage.reset()), Some(Ok(0)));
}

#[test]
fn a_limit_larger_than_the_log_is_the_same_error_to_a_test() {
    let storage = Moving::<4>::new();
    let limiter = MovingWindowRateLimiter::with_clock(&storage, ManualClock::default());
    let test = poll_once(limiter.test(&RateLimitItem::per_minute(5), 1_u8, 1));
    assert_eq!(test, Some(Err(TableError::LimitTooLarge)));
}

#[test]
fn a_log_has_room_for_as_many_instants_as_units() {
    let storage = Moving::<4>::new();
    let limiter = MovingWindowRateLimiter::with_clock(&storage, ManualClock::default());
    let item = RateLimitItem::per_minute(4);
    for round in 0..3 {
        for _ in 0..4 {
            limiter.clock().advance(MICROSECOND);
            let hit = poll_once(limiter.hit(&item, 1_u8, 1)).expect("memory never waits");
            assert!(passes(hit), "round {round} at {:?}", limiter.clock());
        }
        let hit = poll_once(limiter.hit(&item, 1_u8, 1)).expect("memory never waits");
        assert!(!passes(hit), "round {round} at {:?}", limiter.clock());
        limiter.clock().advance(MINUTE);
    }
}

/// A key whose home is always the last slot of the table.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Colliding(u16);

impl TableKey for Colliding {
    const EMPTY: Self = Self(0);

    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        u16::from_key(key).map(Self)
    }

    fn hash(&self) -> u32 {
        u32::MAX
    }
}

#[test]
fn keys_of_one_home_keep_apart() {
    let table = Counter::<Colliding, 64>::new();
    for key in 0..16 {
        assert!(passes(table.hit(key, u64::from(key % 3))), "key {key}");
    }
    let remaining = [0, 1, 2, 3, 14, 15].map(|key| table.remaining(key));
    assert_eq!(remaining, [2, 1, 0, 2, 0, 2]);
}

#[test]
fn a_large_table_has_16_slots_for_keys_of_one_home() {
    let table = Counter::<Colliding, 64>::new();
    let served = (0..64).take_while(|key| table.hit(*key, 1).is_ok()).count();
    assert_eq!(served, 16);
}

#[test]
fn a_small_table_has_all_its_slots_for_keys_of_one_home() {
    let table = Counter::<Colliding, 32>::new();
    let served = (0..64).take_while(|key| table.hit(*key, 1).is_ok()).count();
    assert_eq!(served, 32);
}

#[test]
fn a_key_stays_reachable_when_the_slots_before_it_become_free() {
    let table = Counter::<Colliding, 64>::new();
    assert!(passes(table.hit(1, 1)) && passes(table.hit(2, 1)) && passes(table.hit(3, 1)));
    table.clear(1);
    table.clear(2);
    assert!(passes(table.hit(3, 1)) && !passes(table.hit(3, 1)));
    assert_eq!(table.reset(), 1);
}
