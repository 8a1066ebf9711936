//! One admitted hit in memory, per strategy and number of keys, against governor.
//!
//! The keys are visited in a random order. All read the processor's clock; ours
//! make the key of its parts, governor's is ready. The minute of the moving
//! window is made so short that a key's log holds about ten instants.

use core::num::NonZeroU32;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use governor::Quota;
use limits::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits::{
    Clock, Keeps, MemoryStorage, RateLimitItem, RateLimiter, SystemClock, Timestamp, poll_once,
};

/// The clock of the system, faster by a power of two.
struct FastClock(u32);

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let micros = SystemClock.now().as_micros();
        Timestamp::from_micros((micros & 0xFFFF_FFFF_FFFF) << self.0)
    }
}

/// Visits `keys` in an order of their own, with the keys side by side in memory.
fn measure<K: Clone>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    keys: &[K],
    mut hit: impl FnMut(&K) -> bool,
) {
    let admitted = keys.iter().filter(|key| hit(key)).count();
    assert_eq!(admitted, keys.len(), "{name}: first hits are admitted");
    let mut visits = keys.to_vec();
    let mut random: usize = 0x9E37_79B9;
    for last in (1..visits.len()).rev() {
        random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        visits.swap(last, (random >> 20) % (last + 1));
    }
    // Cloned once more, for the strings to lie in the order of the visits.
    let visits: Vec<K> = visits.to_vec();
    let mut visits = visits.iter().cycle();
    group.bench_function(name, |bencher| {
        bencher.iter(|| visits.next().map(&mut hit));
    });
}

fn ours<K: Kind + Default>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    ids: &[String],
    clock: FastClock,
    item: RateLimitItem<'static>,
) where
    MemoryStorage: Keeps<K>,
{
    let limiter = RateLimiter::<K, _, _>::with_clock(MemoryStorage::new(), clock);
    measure(group, name, ids, |id| {
        let hit = poll_once(limiter.hit(&item, id.as_str(), 1));
        hit.expect("memory never waits")
            .expect("memory never fails")
            .allowed()
    });
}

fn hits(criterion: &mut Criterion) {
    let quota = Quota::per_second(NonZeroU32::MAX).allow_burst(NonZeroU32::MAX);
    for (keys, shift) in [(1, 20), (10_000, 13), (1_000_000, 4)] {
        let mut group = criterion.benchmark_group(format!("hit/{keys}"));
        let ids: Vec<String> = (0..keys).map(|n| format!("user-{n}")).collect();
        let numbers: Vec<u64> = (0..).take(keys).collect();
        let governor = governor::RateLimiter::keyed(quota);
        measure(&mut group, "governor/string", &ids, |id| {
            governor.check_key(id).is_ok()
        });
        drop(governor);
        let governor = governor::RateLimiter::keyed(quota);
        measure(&mut group, "governor/u64", &numbers, |id| {
            governor.check_key(id).is_ok()
        });
        drop(governor);
        let (real, fast) = (|| FastClock(0), FastClock(shift));
        let item = RateLimitItem::per_minute(1_000_000);
        ours::<Fixed>(&mut group, "fixed-window", &ids, real(), item);
        ours::<Elastic>(
            &mut group,
            "fixed-window-elastic-expiry",
            &ids,
            real(),
            item,
        );
        ours::<Moving>(&mut group, "moving-window", &ids, fast, item);
        ours::<SlidingCounter>(&mut group, "sliding-window-counter", &ids, real(), item);
        // One that is not full again, and forgotten, before the next hit.
        let item = RateLimitItem::per_year(1_000_000);
        ours::<Gcra>(&mut group, "gcra", &ids, real(), item);
        group.finish();
    }
}

criterion_group!(benches, hits);
criterion_main!(benches);
