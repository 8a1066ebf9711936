//! Expired keys go, and their memory with them, without a thread of their own.

use allocation_counter::measure;
use limits::MemoryStorage;
use limits_core::window::{Fixed, Kind};
use limits_core::{Keeps, Micros, RateLimitItem};

use super::{
    Limiter, MICROSECOND, MINUTE, assert_passes, done, held, ids, limiter, on_every_strategy,
    on_every_window,
};

const TEN_A_MINUTE: RateLimitItem<'_> = RateLimitItem::per_minute(10);
const MANY_A_MONTH: RateLimitItem<'_> = RateLimitItem::per_month(1_000_000_000);

/// Longer than any window of a minute is kept.
const TWO_MINUTES: Micros = Micros::from_secs(120);

fn hit_all<W: Kind + Default>(limiter: &Limiter<W>, item: &RateLimitItem<'_>, ids: &[String])
where
    MemoryStorage: Keeps<W>,
{
    for id in ids {
        assert_passes(done(limiter.hit(item, id, 1)));
    }
}

#[test]
fn hits_on_known_keys_forget_every_expired_one() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        // So few that they share one table.
        let limiter = limiter::<W, _>(MemoryStorage::with_max_keys(1_024));
        let others = ids(0..24);
        hit_all(&limiter, &MANY_A_MONTH, &others);
        hit_all(&limiter, &TEN_A_MINUTE, &ids(0..1_000));
        limiter.clock().advance(TWO_MINUTES);
        for _ in 0..400 {
            hit_all(&limiter, &MANY_A_MONTH, &others);
        }
        assert_eq!(held(limiter.storage()), 24);
    }
    on_every_strategy!(check());
}

/// Hits keys, calls `disturb` one microsecond before their windows are over, and
/// checks that they are all there.
fn stay_to_the_end<W>(disturb: impl Fn(&Limiter<W>))
where
    W: Kind + Default,
    MemoryStorage: Keeps<W>,
{
    let limiter = limiter::<W, _>(MemoryStorage::with_max_keys(1_024));
    let live = ids(0..100);
    hit_all(&limiter, &MANY_A_MONTH, &ids(100..124));
    hit_all(&limiter, &TEN_A_MINUTE, &live);
    limiter.clock().advance(MINUTE);
    limiter.clock().rewind(MICROSECOND);
    disturb(&limiter);
    for id in &live {
        let test = done(limiter.test(&TEN_A_MINUTE, id, 0)).expect("a test needs no room");
        assert_eq!(test.remaining(), 9, "{id}: {test:?}");
    }
}

#[test]
fn hits_on_known_keys_forget_no_live_one() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        stay_to_the_end::<W>(|limiter| {
            for _ in 0..400 {
                hit_all(limiter, &MANY_A_MONTH, &ids(100..124));
            }
        });
    }
    on_every_window!(check());
}

#[test]
fn new_keys_forget_no_live_one() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        stay_to_the_end::<W>(|limiter| hit_all(limiter, &TEN_A_MINUTE, &ids(124..1_024)));
    }
    on_every_window!(check());
}

#[test]
fn few_of_many_expired_keys_remain_under_hits_on_known_keys() {
    let limiter = limiter::<Fixed, _>(MemoryStorage::new());
    let others = ids(0..2_000);
    hit_all(&limiter, &MANY_A_MONTH, &others);
    hit_all(&limiter, &TEN_A_MINUTE, &ids(0..20_000));
    limiter.clock().advance(MINUTE);
    for _ in 0..100 {
        hit_all(&limiter, &MANY_A_MONTH, &others);
    }
    let held = held(limiter.storage());
    assert!((2_000..3_000).contains(&held), "{held} keys");
}

#[test]
fn few_of_many_expired_keys_remain_when_half_as_many_come() {
    let limiter = limiter::<Fixed, _>(MemoryStorage::new());
    hit_all(&limiter, &TEN_A_MINUTE, &ids(0..20_000));
    limiter.clock().advance(MINUTE);
    hit_all(&limiter, &TEN_A_MINUTE, &ids(20_000..30_000));
    let held = held(limiter.storage());
    assert!((10_000..12_000).contains(&held), "{held} keys");
}

#[test]
fn keys_that_come_and_go_do_not_pile_up() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        let limiter = limiter::<W, _>(MemoryStorage::new());
        for second in 0..400 {
            hit_all(
                &limiter,
                &TEN_A_MINUTE,
                &ids(second * 100..(second + 1) * 100),
            );
            limiter.clock().advance(Micros::from_secs(1));
        }
        // Live are 6,000 of the 40,000, of sliding windows 12,000.
        let held = held(limiter.storage());
        assert!((6_000..20_000).contains(&held), "{held} keys");
    }
    on_every_window!(check());
}

#[test]
fn memory_is_given_back() {
    fn check<W: Kind + Default>()
    where
        MemoryStorage: Keeps<W>,
    {
        let limiter = limiter::<W, _>(MemoryStorage::with_max_keys(1_024));
        let others = ids(0..24);
        let keys: Vec<_> = (0..1_000).map(|key| format!("{key:01000}")).collect();
        hit_all(&limiter, &MANY_A_MONTH, &others);
        let taken = measure(|| {
            for _ in 0..5 {
                hit_all(&limiter, &TEN_A_MINUTE, &keys);
                limiter.clock().advance(Micros::from_secs(1));
            }
        });
        let returned = measure(|| {
            limiter.clock().advance(TWO_MINUTES);
            for _ in 0..400 {
                hit_all(&limiter, &MANY_A_MONTH, &others);
            }
        });
        let (taken, kept) = (
            taken.bytes_current,
            taken.bytes_current + returned.bytes_current,
        );
        assert!(
            taken > 1_000_000 && kept < 10_000,
            "{kept} of {taken} bytes"
        );
    }
    on_every_strategy!(check());
}
