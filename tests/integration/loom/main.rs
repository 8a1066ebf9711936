//! The decisions of the sharded memory under every interleaving of threads.
//!
//! Empty unless built with `--cfg limits_loom`, which `tests/run` does.
#![cfg(limits_loom)]

use limits::{MemoryStorage, RateLimitItem};
use limits_core::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits_core::{Ask, Keeps, ManualClock, RateLimiter, Timestamp, poll_once};
use loom::sync::Arc;
use loom::thread;

type Limiter<W> = RateLimiter<W, MemoryStorage, ManualClock>;

fn limiter<W: Kind + Default>(max_keys: usize) -> Arc<Limiter<W>>
where
    MemoryStorage: Keeps<W>,
{
    let clock = ManualClock::new(Timestamp::from_secs(1_000));
    Arc::new(RateLimiter::with_clock(
        MemoryStorage::with_max_keys(max_keys),
        clock,
    ))
}

fn is_admitted<W: Kind + Default>(limiter: &Limiter<W>, id: &str, cost: u64) -> bool
where
    MemoryStorage: Keeps<W>,
{
    let item = RateLimitItem::per_second(3);
    let hit = poll_once(limiter.hit(&item, id, cost)).expect("memory never waits");
    hit.expect("there is room for the key").allowed()
}

/// Two threads and the model's own take units of one key, old or new.
fn exactly_three_units_are_admitted<W>()
where
    W: Kind + Default,
    MemoryStorage: Keeps<W>,
{
    loom::model(|| {
        let limiter = limiter::<W>(8);
        let threads = [1, 2].map(|cost| {
            let limiter = Arc::clone(&limiter);
            thread::spawn(move || {
                if is_admitted(&limiter, "a", cost) {
                    cost
                } else {
                    0
                }
            })
        });
        let own = u64::from(is_admitted(&limiter, "a", 1));
        let others = threads.map(|thread| thread.join().expect("no thread panics"));
        let admitted = own + others.iter().sum::<u64>();
        // The unit costs always fit beside each other; the cost of two may come last.
        assert!(
            admitted == 3 || (admitted == 2 && others[1] == 0),
            "{own} {others:?}"
        );
        let rest = (0..3).filter(|_| is_admitted(&limiter, "a", 1)).count();
        assert_eq!(admitted + rest as u64, 3, "{own} {others:?}");
    });
}

#[test]
fn fixed_windows_are_exact() {
    exactly_three_units_are_admitted::<Fixed>();
}

#[test]
fn elastic_windows_are_exact() {
    exactly_three_units_are_admitted::<Elastic>();
}

#[test]
fn moving_windows_are_exact() {
    exactly_three_units_are_admitted::<Moving>();
}

#[test]
fn sliding_windows_are_exact() {
    exactly_three_units_are_admitted::<SlidingCounter>();
}

#[test]
fn buckets_are_exact() {
    exactly_three_units_are_admitted::<Gcra>();
}

/// Two threads hit the same two limits in different orders, of which each passes once.
#[test]
fn several_limits_are_taken_from_all_or_none_and_nobody_waits_for_ever() {
    // Some of them are in the shard of the first, and some are not.
    for second in ["b", "c", "d", "e", "f", "g"] {
        loom::model(|| hit_in_different_orders(second));
    }
}

fn hit_in_different_orders(second: &'static str) {
    let limiter = limiter::<Fixed>(2_048);
    let (one, other) = (RateLimitItem::per_second(1), RateLimitItem::per_second(2));
    let hit = move |limiter: &Limiter<Fixed>, is_turned: bool| {
        let asks = [
            Ask::new(Fixed, &one, "a", 1),
            Ask::new(Fixed, &other, second, 1),
        ];
        let asks = if is_turned { [asks[1], asks[0]] } else { asks };
        let hit = poll_once(limiter.hit_all(&asks)).expect("memory never waits");
        hit.expect("there is room").allowed()
    };
    let thread = {
        let limiter = Arc::clone(&limiter);
        thread::spawn(move || hit(&limiter, true))
    };
    let own = hit(&limiter, false);
    let others = thread.join().expect("no thread panics");
    assert!(own != others, "{own} {others}");
    // The refused one has taken nothing of the other limit.
    let left = poll_once(limiter.hit(&other, second, 1)).expect("memory never waits");
    assert_eq!(left.expect("there is room").remaining(), 0);
}

#[test]
fn a_bound_on_keys_holds_for_racing_new_keys() {
    loom::model(|| {
        let limiter = limiter::<Fixed>(1);
        let other = Arc::clone(&limiter);
        let item = RateLimitItem::per_second(3);
        let fits = move |limiter: &Limiter<Fixed>, id| {
            poll_once(limiter.hit(&item, id, 1))
                .expect("memory never waits")
                .is_ok()
        };
        let thread = thread::spawn(move || fits(&other, "a"));
        let own = fits(&limiter, "b");
        let other = thread.join().expect("no thread panics");
        assert!(own != other, "one key of two fits: {own} {other}");
    });
}
