//! Clocks that went back by more than a word of microseconds: they close no limit for
//! longer than a period.
#![no_std]
#![no_main]

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use limits_core::window::Kind;
use limits_core::{
    Clock, Decision, Keeps, ManualClock, Micros, RateLimitItem, RateLimiter, TableError,
    TableStorage, Timestamp, poll_once,
};

// The board: without a call of it, it would not be linked.
use limits_firmware as _;

const SLOTS: u8 = 4;

type Table<W> = TableStorage<NoopRawMutex, u8, W, { SLOTS as usize }>;

/// How far a clock goes back: as if the upper word of its instant had lost a bit.
const STEP: Micros = Micros::from_micros(1 << 32);

/// Instants at which a clock is before it goes back.
const STARTS: [u64; 3] = [1 << 32, 1_795_478_400_123_457, 1 << 63];

const ITEM: RateLimitItem<'_> = RateLimitItem::per_minute(4);

/// How much later than that a table may free a slot: it keeps periods in such units.
const ROUNDED_UP: Micros = Micros::from_micros(2 << 20);

/// Puts the clock of a limit back, and that of a full table, and finds both open after
/// no more than so many sixteenths of a period.
fn check_faults<K, S>(kind: K, table: &S, sixteenths: u64)
where
    K: Kind,
    S: Keeps<K, Error = TableError>,
{
    let longest = Micros::from_micros(ITEM.get_expiry().as_micros() / 16 * sixteenths);
    let clock = ManualClock::default();
    let subject = Subject(RateLimiter::with_strategy(kind, table, &clock));
    for start in STARTS.map(Timestamp::from_micros) {
        for check in [Subject::opens_within, Subject::frees_slots_within] {
            defmt::unwrap!(defmt::unwrap!(poll_once(table.reset())));
            clock.set(start);
            check(&subject, longest);
        }
    }
}

/// A limiter under test.
struct Subject<'a, K, S>(RateLimiter<K, &'a S, &'a ManualClock>);

impl<K: Kind, S: Keeps<K, Error = TableError>> Subject<'_, K, S> {
    fn hit(&self, key: u8, cost: u64) -> Result<Decision, TableError> {
        defmt::unwrap!(poll_once(self.0.hit(&ITEM, key, cost)))
    }

    fn admits(&self, key: u8, cost: u64) -> bool {
        self.hit(key, cost).is_ok_and(|decision| decision.allowed())
    }

    /// Uses a limit up and puts the clock back.
    fn opens_within(&self, longest: Micros) {
        let clock = self.0.clock();
        defmt::assert!(self.admits(0, ITEM.amount()));
        clock.rewind(STEP);
        let refused = defmt::unwrap!(self.hit(0, 1));
        defmt::assert!(!refused.allowed(), "what was taken is free again");
        let latest = clock.now().saturating_add(longest);
        let at = defmt::unwrap!(refused.retry_at());
        defmt::assert!(at <= latest, "closed until {}, after {}", at, latest);
        clock.set(at);
        defmt::assert!(self.admits(0, 1), "it was to open at {}", at);
    }

    /// Fills a table and puts the clock back. One key that is turned away has a slot
    /// after that, and as many as there are slots have all of them.
    fn frees_slots_within(&self, longest: Micros) {
        let clock = self.0.clock();
        for key in 0..SLOTS {
            defmt::assert!(self.admits(key, 1));
        }
        clock.rewind(STEP);
        for others in [SLOTS..SLOTS + 1, SLOTS + 1..2 * SLOTS + 1] {
            for key in others.clone() {
                defmt::assert_eq!(self.hit(key, 1).err(), Some(TableError::Full));
            }
            clock.advance(longest);
            clock.advance(ROUNDED_UP);
            for key in others {
                defmt::assert!(self.admits(key, 1), "no slot for {}", key);
            }
        }
    }
}

#[embedded_test::tests(executor = limits_firmware::Executor::new())]
mod tests {
    use limits_core::window::{Airtime, Elastic, Fixed, Gcra, Moving, SlidingCounter};
    use limits_core::{
        AirtimeWindow, FixedLog, FixedWindow, GcraWindow, MovingWindow, SlidingWindow,
    };

    use super::{Table, check_faults};

    #[test]
    fn fixed_windows_open_within_a_period() {
        check_faults(Fixed, &Table::<FixedWindow>::new(), 16);
    }

    #[test]
    fn elastic_windows_open_within_a_period() {
        check_faults(Elastic, &Table::<FixedWindow>::new(), 16);
    }

    #[test]
    fn moving_windows_open_within_a_period() {
        check_faults(Moving, &Table::<MovingWindow<FixedLog<4>>>::new(), 16);
    }

    #[test]
    fn sliding_counters_open_within_two_periods() {
        check_faults(SlidingCounter, &Table::<SlidingWindow>::new(), 32);
    }

    #[test]
    fn buckets_open_within_a_period() {
        check_faults(Gcra, &Table::<GcraWindow<u64>>::new(), 16);
    }

    #[test]
    fn airtime_windows_open_within_a_period_and_a_bucket() {
        check_faults(Airtime, &Table::<AirtimeWindow<8>>::new(), 18);
    }
}
