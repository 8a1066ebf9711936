//! What happens before a sleep and after it, by a storage that sleeps and by one that doesn't.

use core::num::NonZeroU32;
use core::time::Duration;

use heapless::String;
use limits_core::table::{SavedKey, SavedWindow};
use limits_core::window::{Airtime, Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits_core::{
    AirtimeWindow, Clock, FixedWindow, GcraWindow, Identifiers, Keeps, Limit, ManualClock, Micros,
    RateLimitItem, RateLimiter, SlidingWindow, Storage, TableError, Timestamp, poll_once,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::super::Colliding;
use super::{Log, Table, state};
use crate::laws::cases;

/// A kind of key under which a number can be hit.
trait Numbered: SavedKey {
    fn with<T>(number: u16, call: impl FnOnce(Identifiers<'_>) -> T) -> T {
        call(number.into())
    }
}

impl Numbered for u8 {}
impl Numbered for u16 {}
impl Numbered for u32 {}
impl Numbered for u64 {}
impl Numbered for (u16, Limit) {}
impl Numbered for String<40> {}
impl Numbered for Colliding {}

impl Numbered for [u8; 2] {
    fn with<T>(number: u16, call: impl FnOnce(Identifiers<'_>) -> T) -> T {
        call(Identifiers::Bytes(&number.to_le_bytes()))
    }
}

#[derive(Clone, Copy, Debug)]
struct Hit {
    /// After so many microseconds.
    wait: u64,
    key: u16,
    cost: u64,
    /// By the other limit.
    other: bool,
}

/// What happens to a storage before it is saved, while it is, and after.
#[derive(Clone, Debug)]
struct Story {
    amounts: [u64; 2],
    seconds: u32,
    start: u64,
    before: Vec<Hit>,
    awake: u64,
    slept: u64,
    restart: u64,
    after: Vec<Hit>,
}

fn waits() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        0..100_u64,
        0..1_000_000_u64,
        0..4_000_000_u64,
        Just(999_999),
        Just(1_000_000),
    ]
}

prop_compose! {
    fn hits()(wait in waits(), key in 0..5_u16, cost in 0..4_u64, other: bool) -> Hit {
        Hit { wait, key, cost, other }
    }
}

prop_compose! {
    fn stories()(
        amounts in [1..=6_u64, 1..=6_u64],
        seconds in 1..4_u32,
        start in prop_oneof![Just(0), Just(1_000_000_000_000_u64)],
        before in vec(hits(), 0..20),
        awake in waits(),
        slept in waits(),
        restart in prop_oneof![Just(0), 0..5_000_000_u64, Just(1 << 50)],
        after in vec(hits(), 0..20),
    ) -> Story {
        Story { amounts, seconds, start, before, awake, slept, restart, after }
    }
}

/// What a limiter tells of a hit, by whatever clock.
type Told = Result<(bool, u64, Duration, Option<Duration>), TableError>;

struct Player<'p, S, T> {
    limiter: RateLimiter<T, S, ManualClock>,
    story: &'p Story,
}

impl<'p, S, T> Player<'p, S, T>
where
    S: Storage<Error = TableError> + Keeps<T>,
    T: Default + Kind,
{
    fn new(storage: S, now: u64, story: &'p Story) -> Self {
        let clock = ManualClock::new(Timestamp::from_micros(now));
        Self {
            limiter: RateLimiter::with_clock(storage, clock),
            story,
        }
    }

    fn play<K: Numbered>(&self, hit: Hit) -> Told {
        self.limiter.clock().advance(Micros::from_micros(hit.wait));
        let [amount, other] = self.story.amounts;
        let item = if hit.other {
            let seconds = NonZeroU32::new(self.story.seconds).expect("it is 1 at least");
            RateLimitItem::per_second(other).with_multiples(seconds)
        } else {
            RateLimitItem::per_second(amount)
        };
        let decision = K::with(hit.key, |key| {
            poll_once(self.limiter.hit(&item, key, hit.cost)).expect("memory never waits")
        });
        let told = decision?;
        Ok((
            told.allowed(),
            told.remaining(),
            told.reset_after(),
            told.retry_after(),
        ))
    }
}

impl<K: Numbered, W: SavedWindow, T, const N: usize> Player<'_, &Table<K, W, N>, T>
where
    T: Default + Kind,
    for<'s> &'s Table<K, W, N>: Keeps<T, Error = TableError>,
{
    /// Plays what comes before a sleep, saves, and lets the clock go on through it.
    fn sleep(&self, story: &Story) -> Vec<u8> {
        for hit in &story.before {
            let _ = self.play::<K>(*hit);
        }
        let clock = self.limiter.clock();
        clock.advance(Micros::from_micros(story.awake));
        let bytes = state(self.limiter.storage(), clock.now());
        clock.advance(Micros::from_micros(story.slept));
        bytes
    }
}

/// Checks that a restored storage answers as the saved one goes on to.
fn goes_on<T, K, W, const N: usize>(story: &Story) -> TestCaseResult
where
    T: Default + Kind,
    K: Numbered,
    W: SavedWindow,
    for<'s> &'s Table<K, W, N>: Keeps<T, Error = TableError>,
{
    let saved = Table::<K, W, N>::new();
    let saved = Player::<_, T>::new(&saved, story.start, story);
    let bytes = saved.sleep(story);
    let copy = Table::<K, W, N>::new();
    let now = Timestamp::from_micros(story.restart);
    let slept = Micros::from_micros(story.slept);
    prop_assert_eq!(copy.restore(&bytes, now, slept), Ok(()));
    let copy = Player::<_, T>::new(&copy, story.restart, story);
    for (number, hit) in story.after.iter().enumerate() {
        let expected = saved.play::<K>(*hit);
        prop_assert_eq!(copy.play::<K>(*hit), expected, "hit {} after", number);
    }
    Ok(())
}

/// Checks that a storage restored as if no time had passed admits nothing that
/// the saved one, by a clock that went on, would refuse.
fn admits_no_more<T, K, W, const N: usize>(story: &Story) -> TestCaseResult
where
    T: Default + Kind,
    K: Numbered,
    W: SavedWindow,
    for<'s> &'s Table<K, W, N>: Keeps<T, Error = TableError>,
{
    for hit in &story.after {
        let saved = Table::<K, W, N>::new();
        let saved = Player::<_, T>::new(&saved, story.start, story);
        let bytes = saved.sleep(story);
        let copy = Table::<K, W, N>::new();
        let now = Timestamp::from_micros(story.restart);
        prop_assert_eq!(copy.restore(&bytes, now, Micros::ZERO), Ok(()));
        let copy = Player::<_, T>::new(&copy, story.restart, story);
        let admits = |told: Told| told.is_ok_and(|(allowed, ..)| allowed);
        let admitted = admits(copy.play::<K>(*hit));
        prop_assert!(!admitted || admits(saved.play::<K>(*hit)), "{:?}", hit);
    }
    Ok(())
}

fn every_window_goes_on<K: Numbered + Send, const N: usize>(story: &Story) -> TestCaseResult {
    goes_on::<Fixed, K, FixedWindow, N>(story)?;
    goes_on::<Elastic, K, FixedWindow, N>(story)?;
    goes_on::<SlidingCounter, K, SlidingWindow, N>(story)?;
    goes_on::<Gcra, K, GcraWindow<u64>, N>(story)?;
    goes_on::<Moving, K, Log, N>(story)
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_restored_storage_goes_on_as_the_saved_one(story in stories()) {
        every_window_goes_on::<u8, 8>(&story)?;
        every_window_goes_on::<u16, 3>(&story)?;
        every_window_goes_on::<u32, 48>(&story)?;
        every_window_goes_on::<u64, 8>(&story)?;
        every_window_goes_on::<[u8; 2], 8>(&story)?;
        every_window_goes_on::<(u16, Limit), 12>(&story)?;
        every_window_goes_on::<String<40>, 64>(&story)?;
        every_window_goes_on::<Colliding, 64>(&story)?;
        goes_on::<Airtime, (u16, Limit), AirtimeWindow<4>, 12>(&story)?;
    }

    #[test]
    fn a_sleep_that_nobody_measured_admits_nothing_more(story in stories()) {
        admits_no_more::<Fixed, u16, FixedWindow, 8>(&story)?;
        admits_no_more::<Elastic, u16, FixedWindow, 8>(&story)?;
        admits_no_more::<SlidingCounter, u16, SlidingWindow, 8>(&story)?;
        admits_no_more::<Moving, u16, Log, 8>(&story)?;
        admits_no_more::<Gcra, u16, GcraWindow<u64>, 8>(&story)?;
        admits_no_more::<Airtime, (u16, Limit), AirtimeWindow<4>, 12>(&story)?;
    }
}
