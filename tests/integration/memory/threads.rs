//! Threads that share one storage: no unit is admitted twice, none is lost.

use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};

use limits::MemoryStorage;
use limits_core::window::{Fixed, Kind};
use limits_core::{Keeps, Micros, RateLimitItem};

use super::{MICROSECOND, done, held, ids, is_full, limiter, on_every_strategy};

const THREADS: usize = 4;

/// Calls `count` in so many threads at once, with their numbers, and sums up what it tells.
fn sum_of_threads(count: impl Fn(usize) -> u64 + Sync) -> u64 {
    thread::scope(|scope| {
        let count = &count;
        let spawn = |number| scope.spawn(move || count(number));
        let threads: Vec<_> = (0..THREADS).map(spawn).collect();
        let counts = threads.into_iter().map(ScopedJoinHandle::join);
        counts.map(|count| count.expect("no thread panics")).sum()
    })
}

#[test]
fn exactly_the_amount_of_every_key_is_admitted() {
    fn check<W: Kind + Default>()
    where
        Arc<MemoryStorage>: Keeps<W>,
    {
        const KEYS: u64 = 50;
        const HITS: usize = 50_000;
        let item = RateLimitItem::per_hour(3_000);
        let storage = Arc::new(MemoryStorage::new());
        let ids = ids(0..KEYS);
        let hits_of = |_| {
            // Each thread has a clock of its own: they are apart now and then.
            let limiter = limiter::<W, _>(Arc::clone(&storage));
            let passes = |id: &&String| {
                limiter.clock().advance(MICROSECOND);
                let hit = done(limiter.hit(&item, *id, 1)).expect("there is room");
                hit.allowed()
            };
            let hits = ids.iter().cycle().take(HITS);
            hits.filter(passes).count() as u64
        };
        assert_eq!(sum_of_threads(hits_of), KEYS * 3_000);
        let limiter = limiter::<W, _>(Arc::clone(&storage));
        for id in &ids {
            let test = done(limiter.test(&item, id, 1)).expect("a test needs no room");
            assert!(!test.allowed() && test.remaining() == 0, "{id}: {test:?}");
        }
        assert_eq!(held(&storage), KEYS);
    }
    on_every_strategy!(check());
}

#[test]
fn keys_that_come_and_go_disturb_no_other_threads_keys() {
    fn check<W: Kind + Default>()
    where
        Arc<MemoryStorage>: Keeps<W>,
    {
        let (short, long) = (RateLimitItem::per_second(1), RateLimitItem::per_day(200));
        let storage = Arc::new(MemoryStorage::new());
        let wrong_of = |thread| {
            let limiter = limiter::<W, _>(Arc::clone(&storage));
            let mut wrong = 0;
            for round in 0..200 {
                limiter.clock().advance(Micros::from_millis(100));
                for number in 0..20 {
                    let id = format!("{thread}-{round}-{number}");
                    let hit = done(limiter.hit(&short, &id, 1)).expect("there is room");
                    wrong += u64::from(!hit.allowed());
                }
                let own = format!("{thread}");
                let hit = done(limiter.hit(&long, &own, 1)).expect("there is room");
                wrong += u64::from(hit.remaining() != 199 - round);
            }
            wrong
        };
        assert_eq!(sum_of_threads(wrong_of), 0);
    }
    on_every_strategy!(check());
}

#[test]
fn a_bound_is_exact_for_threads_that_race_for_it() {
    let storage = MemoryStorage::with_max_keys(1_000);
    let item = RateLimitItem::per_minute(1);
    let served_of = |thread| {
        let limiter = limiter::<Fixed, _>(&storage);
        let passes = |number: &u64| {
            let hit = done(limiter.hit(&item, &format!("{thread}-{number}"), 1));
            assert!(is_full(&hit) || hit.is_ok(), "{hit:?}");
            hit.is_ok()
        };
        (0..500).filter(passes).count() as u64
    };
    assert_eq!(sum_of_threads(served_of), 1_000);
    assert_eq!(held(&storage), 1_000);
}
