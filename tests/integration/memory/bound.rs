//! A bound on the number of keys: new ones are turned away, live ones never evicted.

use limits::{MemoryStorage, storage_from_string};
use limits_core::window::{Elastic, Fixed, Kind, Moving, SlidingCounter};
use limits_core::{FixedWindowSupport, Keeps, Key, Micros, RateLimitItem, Timestamp};

use super::{
    Limiter, MICROSECOND, MINUTE, assert_full, assert_passes, done, held, ids, is_full, limiter,
    on_every_strategy, on_every_window,
};

const TWO_A_MINUTE: RateLimitItem<'_> = RateLimitItem::per_minute(2);

/// Hits so many new keys and tells how many found room.
fn fill<W: Kind + Default>(limiter: &Limiter<W>, keys: u64) -> u64
where
    MemoryStorage: Keeps<W>,
{
    let hit = |id: &String| {
        let hit = done(limiter.hit(&TWO_A_MINUTE, id, 1));
        assert!(is_full(&hit) || hit.is_ok(), "{id}: {hit:?}");
        hit.is_ok()
    };
    let served = ids(0..keys).iter().filter(|id| hit(id)).count();
    u64::try_from(served).expect("a count fits")
}

#[test]
fn a_bound_up_to_1024_is_exact() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        for bound in [0, 1, 2, 3, 7, 100, 1_023, 1_024] {
            let max_keys = usize::try_from(bound).expect("a small number");
            let limiter = limiter::<W, _>(MemoryStorage::with_max_keys(max_keys));
            assert_eq!(fill(&limiter, bound), bound);
            assert_full(done(limiter.hit(&TWO_A_MINUTE, "one more", 1)));
            assert_eq!(held(limiter.storage()), bound);
        }
    }
    on_every_strategy!(check());
}

#[test]
fn a_larger_bound_is_never_passed() {
    for (bound, keys) in [(1_025, 2_000), (5_000, 8_000), (69_632, 100_000)] {
        let limiter = limiter::<Fixed, _>(MemoryStorage::with_max_keys(bound));
        let served = fill(&limiter, keys);
        let held = held(limiter.storage());
        assert!(
            served == held && held <= bound as u64,
            "{served}, {held} of {bound}"
        );
    }
}

#[test]
fn a_larger_bound_turns_no_key_away_below_four_fifths() {
    for bound in [1_025, 5_000, 69_632] {
        let max_keys = usize::try_from(bound).expect("a small number");
        let limiter = limiter::<Fixed, _>(MemoryStorage::with_max_keys(max_keys));
        let keys = bound / 5 * 4;
        assert_eq!(fill(&limiter, keys), keys, "of {bound}");
    }
}

#[test]
fn the_bound_of_a_uri_is_exact_too() {
    let storage = storage_from_string("memory://?max_keys=2").expect("a well-formed URI");
    let limiter = limiter::<Fixed, _>(storage);
    assert_passes(done(limiter.hit(&TWO_A_MINUTE, "a", 1)));
    assert_passes(done(limiter.hit(&TWO_A_MINUTE, "b", 1)));
    assert_full(done(limiter.hit(&TWO_A_MINUTE, "c", 1)));
    assert_eq!(held(limiter.storage()), 2);
}

#[test]
fn the_keys_of_each_strategy_count() {
    let storage = MemoryStorage::with_max_keys(3);
    let fixed = limiter::<Fixed, _>(&storage);
    let moving = limiter::<Moving, _>(&storage);
    let sliding = limiter::<SlidingCounter, _>(&storage);
    assert_passes(done(fixed.hit(&TWO_A_MINUTE, "a", 1)));
    assert_passes(done(moving.hit(&TWO_A_MINUTE, "a", 1)));
    assert_passes(done(sliding.hit(&TWO_A_MINUTE, "a", 1)));
    assert_full(done(fixed.hit(&TWO_A_MINUTE, "b", 1)));
    assert_full(done(moving.hit(&TWO_A_MINUTE, "b", 1)));
    assert_full(done(sliding.hit(&TWO_A_MINUTE, "b", 1)));
    assert_eq!(held(&storage), 3);
}

#[test]
fn a_live_key_is_never_evicted_by_new_ones() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        let limiter = limiter::<W, _>(MemoryStorage::with_max_keys(100));
        let (live, new) = (ids(0..100), ids(100..2_000));
        for id in &live {
            assert_passes(done(limiter.hit(&TWO_A_MINUTE, id, 1)));
        }
        limiter.clock().advance(MINUTE);
        limiter.clock().rewind(MICROSECOND);
        for id in &new {
            assert_full(done(limiter.hit(&TWO_A_MINUTE, id, 1)));
        }
        for id in &live {
            let test = done(limiter.test(&TWO_A_MINUTE, id, 0)).expect("a test needs no room");
            assert_eq!(test.remaining(), 1, "{id}: {test:?}");
        }
    }
    on_every_window!(check());
}

#[test]
fn a_full_storage_serves_the_keys_it_holds() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        let limiter = limiter::<W, _>(MemoryStorage::with_max_keys(100));
        assert_eq!(fill(&limiter, 200), 100);
        assert_eq!(fill(&limiter, 100), 100);
        let third = done(limiter.hit(&TWO_A_MINUTE, "user-7", 1)).expect("a known key");
        assert!(!third.allowed(), "{third:?}");
    }
    on_every_strategy!(check());
}

#[test]
fn expired_keys_make_room_at_once() {
    fn check<W: Kind + Default>(kept: Micros)
    where
        MemoryStorage: Keeps<W>,
    {
        let limiter = limiter::<W, _>(MemoryStorage::with_max_keys(1_024));
        assert_eq!(fill(&limiter, 1_024), 1_024);
        limiter.clock().advance(kept);
        limiter.clock().rewind(MICROSECOND);
        assert_full(done(limiter.hit(&TWO_A_MINUTE, "new", 1)));
        limiter.clock().advance(MICROSECOND);
        for id in ids(2_000..3_024) {
            assert_passes(done(limiter.hit(&TWO_A_MINUTE, &id, 1)));
        }
        assert_full(done(limiter.hit(&TWO_A_MINUTE, "new", 1)));
    }
    check::<Fixed>(MINUTE);
    check::<Elastic>(MINUTE);
    check::<Moving>(MINUTE);
    // The window after the first one still counts it in part.
    check::<SlidingCounter>(Micros::from_secs(120));
}

#[test]
fn expired_keys_of_one_strategy_make_room_for_anothers() {
    let storage = MemoryStorage::with_max_keys(100);
    let fixed = limiter::<Fixed, _>(&storage);
    let moving = limiter::<Moving, _>(&storage);
    for id in ids(0..100) {
        assert_passes(done(fixed.hit(&TWO_A_MINUTE, &id, 1)));
    }
    assert_full(done(moving.hit(&TWO_A_MINUTE, "new", 1)));
    moving.clock().advance(MINUTE);
    for id in ids(0..100) {
        assert_passes(done(moving.hit(&TWO_A_MINUTE, &id, 1)));
    }
    assert_eq!(held(&storage), 100);
}

#[test]
fn an_expired_key_starts_anew_in_a_full_storage() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        let limiter = limiter::<W, _>(MemoryStorage::with_max_keys(100));
        assert_eq!(fill(&limiter, 100), 100);
        limiter.clock().advance(Micros::from_secs(120));
        assert_eq!(fill(&limiter, 100), 100);
        let second = done(limiter.hit(&TWO_A_MINUTE, "user-7", 1)).expect("a known key");
        assert!(second.allowed() && second.remaining() == 0, "{second:?}");
    }
    on_every_strategy!(check());
}

#[test]
fn a_key_whose_units_were_all_given_back_makes_room() {
    fn check<K: Kind + Default>()
    where
        MemoryStorage: Keeps<K>,
    {
        let limiter = limiter::<K, _>(MemoryStorage::with_max_keys(2));
        assert_passes(done(limiter.hit(&TWO_A_MINUTE, "a", 1)));
        let hit = done(limiter.hit(&TWO_A_MINUTE, "b", 1)).expect("there is room");
        assert_full(done(limiter.hit(&TWO_A_MINUTE, "c", 1)));
        let charge = hit.charge().expect("a unit was taken");
        let settle = limiter.settle(&TWO_A_MINUTE, "b", charge, 0);
        let settled = done(settle).expect("settling needs no room");
        assert_eq!(settled.given_back, 1);
        assert_passes(done(limiter.hit(&TWO_A_MINUTE, "c", 1)));
        assert_full(done(limiter.hit(&TWO_A_MINUTE, "b", 1)));
    }
    on_every_strategy!(check());
}

/// A hit brings an end forward that a clock left which was ahead.
#[test]
fn a_window_that_ends_sooner_since_the_clock_went_back_makes_room_then() {
    fn check<K: Kind + Default>(kept: Micros)
    where
        MemoryStorage: Keeps<K>,
    {
        let step = Micros::from_secs(30);
        let limiter = limiter::<K, _>(MemoryStorage::with_max_keys(2));
        assert_passes(done(limiter.hit(&TWO_A_MINUTE, "a", 1)));
        assert_passes(done(limiter.hit(&TWO_A_MINUTE, "b", 2)));
        assert_full(done(limiter.hit(&TWO_A_MINUTE, "c", 1)));
        limiter.clock().rewind(step);
        let refused = done(limiter.hit(&TWO_A_MINUTE, "b", 1)).expect("a known key");
        assert!(!refused.allowed(), "{refused:?}");
        limiter.clock().advance(kept);
        assert_passes(done(limiter.hit(&TWO_A_MINUTE, "c", 1)));
    }
    check::<Fixed>(MINUTE);
    check::<Elastic>(MINUTE);
    check::<Moving>(MINUTE);
    check::<SlidingCounter>(Micros::from_secs(120));
}

/// Sweeps bring nothing forward that a key's longest limit has left where it is.
#[test]
fn a_key_by_its_text_keeps_its_window_when_its_period_grows() {
    let storage = MemoryStorage::with_max_keys(2);
    let now = Timestamp::from_secs(1_000);
    let (second, hour) = (Micros::from_secs(1), Micros::from_secs(3_600));
    let key = Key::from("a key");
    let incr = |period, now| done(storage.incr(key, period, true, 1, now));
    assert_eq!(incr(second, now).expect("there is room"), 1);
    assert_eq!(incr(hour, now).expect("a known key"), 2);
    let limiter = limiter::<Fixed, _>(&storage);
    for number in 0..1_000 {
        let item = RateLimitItem::per_second(1);
        let id = format!("{number}");
        let _ = done(limiter.hit(&item, &id, 1));
        limiter.clock().advance(second);
    }
    let expiry = done(storage.get_expiry(key, now)).expect("a question needs no room");
    assert_eq!(expiry, now.saturating_add(hour));
}
