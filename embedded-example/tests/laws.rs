//! The laws of decisions, by the same arithmetic as on the host but on this core's words.
#![no_std]
#![no_main]

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use limits_core::window::Kind;
use limits_core::{
    Clock, Decision, Keeps, ManualClock, Micros, RateLimitItem, RateLimiter, TableStorage,
    Timestamp, WindowStats, poll_once,
};

// The board: without a call of it, it would not be linked.
use limits_firmware as _;

type Table<W> = TableStorage<NoopRawMutex, u8, W, 4>;

const AMOUNT: u64 = 5;
const TICK: Micros = Micros::from_micros(1);

/// Instants at which a clock starts: where words wrap, and where they don't.
const STARTS: [u64; 4] = [0, (1 << 32) - 3_000_000, 1_795_478_400_123_457, 1 << 63];

/// A limiter under test.
struct Subject<'a, K, S> {
    limiter: RateLimiter<K, S, &'a ManualClock>,
    item: RateLimitItem<'static>,
}

impl<K: Kind, S: Keeps<K, Error: defmt::Format>> Subject<'_, K, S> {
    fn now(&self) -> Timestamp {
        self.limiter.clock().now()
    }

    fn hit(&self, key: u8, cost: u64) -> Decision {
        let hit = poll_once(self.limiter.hit(&self.item, key, cost));
        defmt::unwrap!(defmt::unwrap!(hit))
    }

    fn test_at(&self, key: u8, cost: u64, now: Timestamp) -> Decision {
        let test = poll_once(self.limiter.test_at(&self.item, key, cost, now));
        defmt::unwrap!(defmt::unwrap!(test))
    }

    fn stats(&self, key: u8) -> WindowStats {
        let stats = poll_once(self.limiter.get_window_stats(&self.item, key));
        defmt::unwrap!(defmt::unwrap!(stats))
    }

    /// Hits once and checks everything that a hit promises.
    fn check_hit(&self, key: u8, cost: u64) {
        let (now, before) = (self.now(), self.stats(key));
        let test = self.test_at(key, cost, now);
        let hit = self.hit(key, cost);
        defmt::assert_eq!(test.allowed(), hit.allowed(), "test and hit");
        defmt::assert!(hit.reset_time() >= now);
        let after = self.stats(key);
        if hit.allowed() {
            defmt::assert_eq!(after.remaining, before.remaining - cost);
            return;
        }
        defmt::assert_eq!(after.remaining, before.remaining);
        if !self.limiter.strategy().extends() {
            defmt::assert_eq!(after, before, "a refused hit left a trace");
        }
        let Some(at) = hit.retry_at() else {
            defmt::assert!(cost > AMOUNT);
            return;
        };
        defmt::assert!(at > now);
        defmt::assert!(!self.test_at(key, cost, at.saturating_sub(TICK)).allowed());
        defmt::assert!(self.test_at(key, cost, at).allowed(), "after {}", at);
    }
}

/// Hits at random, from each of the starts, for seconds and for days.
fn check_laws<K, S>(kind: K, storage: &S)
where
    K: Kind,
    S: Keeps<K, Error: defmt::Format>,
{
    let mut random = 1_u32;
    let mut next = |below: u32| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random % below
    };
    for (start, item) in STARTS.iter().flat_map(|start| {
        [
            RateLimitItem::per_second(AMOUNT),
            RateLimitItem::per_day(AMOUNT),
        ]
        .map(|item| (start, item))
    }) {
        defmt::unwrap!(defmt::unwrap!(poll_once(storage.reset())));
        let clock = ManualClock::new(Timestamp::from_micros(*start));
        let subject = Subject {
            limiter: RateLimiter::with_strategy(kind, storage, &clock),
            item,
        };
        let eighth = item.get_expiry().as_micros() >> 3;
        for _ in 0..200 {
            let key = u8::try_from(next(3)).unwrap_or_default();
            subject.check_hit(key, next(7).into());
            // Half of the steps are to the same instant.
            let steps = u64::from(next(6).saturating_sub(2));
            clock.advance(Micros::from_micros(steps * eighth + u64::from(next(2))));
        }
    }
}

#[embedded_test::tests(executor = limits_firmware::Executor::new())]
mod tests {
    use limits_core::window::{Airtime, Elastic, Fixed, Gcra, Moving, SlidingCounter};
    use limits_core::{
        AirtimeWindow, FixedLog, FixedWindow, GcraWindow, MovingWindow, SlidingWindow,
    };

    use super::{Table, check_laws};

    #[test]
    fn fixed_windows_keep_the_laws() {
        check_laws(Fixed, &Table::<FixedWindow>::new());
    }

    #[test]
    fn elastic_windows_keep_the_laws() {
        check_laws(Elastic, &Table::<FixedWindow>::new());
    }

    #[test]
    fn moving_windows_keep_the_laws() {
        check_laws(Moving, &Table::<MovingWindow<FixedLog<5>>>::new());
    }

    #[test]
    fn sliding_counters_keep_the_laws() {
        check_laws(SlidingCounter, &Table::<SlidingWindow>::new());
    }

    #[test]
    fn buckets_keep_the_laws() {
        check_laws(Gcra, &Table::<GcraWindow<u64>>::new());
    }

    #[test]
    fn airtime_windows_keep_the_laws() {
        check_laws(Airtime, &Table::<AirtimeWindow<8>>::new());
    }
}
