//! What a radio's firmware builds on: airtime within every hour, reservations, blocks.

mod blocks;
mod forgotten;
mod games;
mod mistakes;
mod reservations;
mod restored;
mod settling;
mod window;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use limits_core::window::Airtime;
use limits_core::{
    AirtimeRateLimiter, AirtimeWindow, Decision, ManualClock, Micros, RateLimitItem, RateLimiter,
    SetAside, TableError, TableStorage, Timestamp, poll_once,
};
use proptest::test_runner::{Config, FileFailurePersistence};

/// 1 % of an hour, in milliseconds.
const AIRTIME: RateLimitItem<'_> = RateLimitItem::per_hour(36_000);
const SECOND: u64 = 1_000_000;
const HOUR: u64 = 3_600 * SECOND;
/// What a unit counts longer than an hour at most: a 64th of an hour.
const BUCKET: u64 = HOUR / 64;

type Bands<const B: usize, const N: usize> = TableStorage<NoopRawMutex, u8, AirtimeWindow<B>, N>;

/// Reserves on a radio of `B` buckets an hour and six bands.
type Reserved<'a, const B: usize> = SetAside<'a, Bands<B, 6>, ManualClock>;

/// A radio that keeps its airtime in six bands, by a clock of its own.
struct Radio<const B: usize = 64> {
    limiter: RateLimiter<Airtime, Bands<B, 6>, ManualClock>,
}

impl<const B: usize> Radio<B> {
    fn new() -> Self {
        Self::at(0)
    }

    fn at(now: u64) -> Self {
        let clock = ManualClock::new(Timestamp::from_micros(now));
        Self {
            limiter: AirtimeRateLimiter::with_clock(Bands::new(), clock),
        }
    }

    fn set(&self, now: u64) {
        self.limiter.clock().set(Timestamp::from_micros(now));
    }

    fn sleep(&self, micros: u64) {
        self.limiter.clock().advance(Micros::from_micros(micros));
    }

    fn sends(&self, item: &RateLimitItem<'_>, band: u8, cost: u64) -> bool {
        self.hit(item, band, cost).allowed()
    }

    fn hit(&self, item: &RateLimitItem<'_>, band: u8, cost: u64) -> Decision {
        let hit = poll_once(self.limiter.hit(item, band, cost)).expect("a table never waits");
        hit.expect("there is a slot for each band")
    }

    fn test(&self, item: &RateLimitItem<'_>, band: u8, cost: u64) -> Decision {
        let test = poll_once(self.limiter.test(item, band, cost)).expect("a table never waits");
        test.expect("a test needs no slot")
    }

    fn left(&self, item: &RateLimitItem<'_>, band: u8) -> u64 {
        self.test(item, band, 0).remaining()
    }

    #[expect(
        clippy::result_large_err,
        reason = "one of two answers, of which neither is an error"
    )]
    fn reserve<'a>(
        &'a self,
        item: &'a RateLimitItem<'a>,
        band: u8,
        cost: u64,
    ) -> Result<Reserved<'a, B>, Decision> {
        let reserved: Result<_, TableError> = self.limiter.reserve(item, band, cost);
        reserved.expect("there is a slot for each band")
    }
}

/// A transmission: on air from one instant to another, and for how many units.
#[derive(Clone, Copy, Debug)]
struct Sent {
    from: u128,
    to: u128,
    units: u64,
}

/// Counts the units in the interval of one period that holds most, end excluded.
fn most_within(period: u64, sent: &[Sent]) -> u128 {
    let within = |start: u128| {
        let end = start + u128::from(period);
        let sent = sent
            .iter()
            .filter(|sent| sent.from < end && sent.to >= start);
        sent.map(|sent| u128::from(sent.units)).sum()
    };
    // The fullest interval can be moved until it begins where a transmission ends.
    sent.iter().map(|sent| within(sent.to)).max().unwrap_or(0)
}

/// So many cases; what fails is kept in `tests/regressions`.
fn cases(cases: u32) -> Config {
    let kept = FileFailurePersistence::Direct("regressions/radio.txt");
    Config {
        cases,
        failure_persistence: Some(Box::new(kept)),
        ..Config::default()
    }
}
