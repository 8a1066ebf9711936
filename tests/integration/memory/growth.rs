//! Many keys: each has its own count, and a known one costs no memory.

use allocation_counter::measure;
use limits::MemoryStorage;
use limits_core::window::{Fixed, Kind};
use limits_core::{Identifiers, Keeps, RateLimitItem};

use super::{Windows, assert_passes, done, held, ids, limiter, on_every_handle, on_every_strategy};

const TEN_A_MINUTE: RateLimitItem<'_> = RateLimitItem::per_minute(10);

/// How much of the ten the key with a number takes.
fn cost_of(number: usize) -> u64 {
    1 + u64::try_from(number % 10).expect("below ten")
}

#[test]
fn each_of_many_keys_has_its_own_count() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        let limiter = limiter::<W, _>(MemoryStorage::new());
        let ids = ids(0..20_000);
        for (number, id) in ids.iter().enumerate() {
            assert_passes(done(limiter.hit(&TEN_A_MINUTE, id, cost_of(number))));
        }
        for (number, id) in ids.iter().enumerate() {
            let stats = done(limiter.get_window_stats(&TEN_A_MINUTE, id)).expect("no room needed");
            assert_eq!(stats.remaining, 10 - cost_of(number), "{id}: {stats:?}");
        }
    }
    on_every_strategy!(check());
}

#[test]
fn a_reset_tells_how_many_keys_there_were() {
    fn check(storage: impl Windows) {
        let limiter = limiter::<Fixed, _>(&storage);
        for id in ids(0..5_000) {
            assert_passes(done(limiter.hit(&TEN_A_MINUTE, &id, 1)));
        }
        assert_eq!(held(&storage), 5_000);
        assert_eq!(held(&storage), 0);
    }
    on_every_handle!(check);
}

#[test]
fn a_key_that_was_cleared_among_many_starts_anew_alone() {
    let limiter = limiter::<Fixed, _>(MemoryStorage::new());
    let ids = ids(0..5_000);
    for id in &ids {
        assert_passes(done(limiter.hit(&TEN_A_MINUTE, id, 1)));
    }
    for id in ids.iter().step_by(2) {
        done(limiter.clear(&TEN_A_MINUTE, id)).expect("a clear needs no room");
    }
    for (number, id) in (0_u64..).zip(&ids) {
        let stats = done(limiter.get_window_stats(&TEN_A_MINUTE, id)).expect("no room needed");
        assert_eq!(stats.remaining, 10 - number % 2, "{id}: {stats:?}");
    }
    assert_eq!(held(limiter.storage()), 2_500);
}

/// Tells how many allocations ten hits on a known key make.
fn allocations<'a, W>(item: &'a RateLimitItem<'a>, id: impl Into<Identifiers<'a>>) -> u64
where
    W: Kind + Default,
    MemoryStorage: Keeps<W>,
{
    let limiter = limiter::<W, _>(MemoryStorage::new());
    let id = id.into();
    let hit = || assert_passes(done(limiter.hit(item, id, 1)));
    hit();
    measure(|| (0..9).for_each(|_| hit())).count_total
}

#[test]
fn a_known_key_of_one_text_costs_no_allocation() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        for id in ["", "user-42", &"long ".repeat(100)] {
            assert_eq!(allocations::<W>(&TEN_A_MINUTE, id), 0, "{id}");
        }
    }
    on_every_strategy!(check());
}

#[test]
fn a_known_key_of_any_kind_costs_no_allocation() {
    let five_minutes = RateLimitItem::parse("10/5 minutes").expect("a well-formed limit");
    let of_an_api = TEN_A_MINUTE.with_namespace("api");
    let made = [
        (
            "texts",
            allocations::<Fixed>(&TEN_A_MINUTE, &["user", "42"]),
        ),
        ("number", allocations::<Fixed>(&TEN_A_MINUTE, 42_u64)),
        (
            "bytes",
            allocations::<Fixed>(&TEN_A_MINUTE, Identifiers::Bytes(&[4, 2])),
        ),
        ("multiples", allocations::<Fixed>(&five_minutes, "user-42")),
        ("namespace", allocations::<Fixed>(&of_an_api, "user-42")),
    ];
    assert!(made.iter().all(|(_, made)| *made == 0), "{made:?}");
}
