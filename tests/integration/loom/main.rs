//! The decisions of the sharded memory under every interleaving of threads.
//!
//! Empty unless built with `--cfg limits_loom`, which `tests/run` does.
#![cfg(limits_loom)]

use limits::{MemoryStorage, RateLimitItem};
use limits_core::limiter::{Elastic, Fixed, Moving, SlidingCounter, Strategy};
use limits_core::{ManualClock, RateLimiter, Timestamp, poll_once};
use loom::sync::Arc;
use loom::thread;

type Limiter<W> = RateLimiter<W, MemoryStorage, ManualClock>;

fn limiter<W: Strategy<MemoryStorage> + Default>(max_keys: usize) -> Arc<Limiter<W>> {
    let clock = ManualClock::new(Timestamp::from_secs(1_000));
    Arc::new(RateLimiter::with_clock(
        MemoryStorage::with_max_keys(max_keys),
        clock,
    ))
}

fn is_admitted<W: Strategy<MemoryStorage>>(limiter: &Limiter<W>, id: &str, cost: u64) -> bool {
    let item = RateLimitItem::per_second(3);
    let hit = poll_once(limiter.hit(&item, id, cost)).expect("memory never waits");
    hit.expect("there is room for the key").allowed()
}

/// Two threads and the model's own take units of one key, old or new.
fn exactly_three_units_are_admitted<W>()
where
    W: Strategy<MemoryStorage> + Default + Send + Sync + 'static,
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
