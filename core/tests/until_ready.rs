//! Waiting by embassy's timers, on a clock that moves by hand.
#![cfg(feature = "embassy")]

use core::num::NonZeroU32;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::{Duration, Instant, MockDriver};

use limits_core::{
    AirtimeRateLimiter, AirtimeWindow, Clock, EmbassyClock, FixedLog, MovingWindow,
    MovingWindowRateLimiter, RateLimitItem, TableError, TableStorage, Timestamp, poll_once,
};

type Exact = TableStorage<NoopRawMutex, u8, MovingWindow<FixedLog<4>>, 1>;

const ITEM: RateLimitItem<'_> = RateLimitItem::per_second(4);
const SECOND: u64 = 1_000_000;

/// The mocked time is one for all tests of a process: they take turns.
fn time() -> (MutexGuard<'static, ()>, &'static MockDriver) {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    MockDriver::get().reset();
    (turn, MockDriver::get())
}

/// Counts how often it is woken.
#[derive(Default)]
struct Alarm(AtomicU64);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Alarm {
    fn rings(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn poll<F: Future>(future: Pin<&mut F>, alarm: &Arc<Alarm>) -> Poll<F::Output> {
    let waker = Waker::from(Arc::clone(alarm));
    future.poll(&mut Context::from_waker(&waker))
}

fn left(limiter: &MovingWindowRateLimiter<Exact, EmbassyClock>) -> u64 {
    let stats = poll_once(limiter.get_window_stats(&ITEM, 1_u8)).expect("memory never waits");
    stats.expect("the key fits").remaining
}

#[test]
fn what_fits_is_taken_without_a_wait() {
    let (_turn, _) = time();
    let limiter = MovingWindowRateLimiter::with_clock(Exact::new(), EmbassyClock);
    let decision = poll_once(limiter.until_ready(&ITEM, 1_u8, 3)).expect("nothing to wait for");
    assert!(
        decision.is_ok_and(|decision| decision.allowed()),
        "{decision:?}"
    );
    assert_eq!(left(&limiter), 1);
}

#[test]
fn what_does_not_fit_is_taken_exactly_at_its_retry_time_after_one_sleep() {
    let (_turn, driver) = time();
    driver.advance(Duration::from_micros(77));
    let limiter = MovingWindowRateLimiter::with_clock(Exact::new(), EmbassyClock);
    assert!(poll_once(limiter.until_ready(&ITEM, 1_u8, 4)).is_some());
    driver.advance(Duration::from_micros(300_000));
    let alarm = Arc::new(Alarm::default());
    let mut waiting = pin!(limiter.until_ready(&ITEM, 1_u8, 2));
    assert!(poll(waiting.as_mut(), &alarm).is_pending());
    driver.advance(Duration::from_micros(699_999));
    assert_eq!(alarm.rings(), 0, "at {:?}", Instant::now());
    assert!(
        poll(waiting.as_mut(), &alarm).is_pending(),
        "at {:?}",
        Instant::now()
    );
    driver.advance(Duration::from_micros(1));
    assert_eq!(alarm.rings(), 1, "at {:?}", Instant::now());
    let Poll::Ready(Ok(decision)) = poll(waiting.as_mut(), &alarm) else {
        panic!("still waits at {:?}", Instant::now());
    };
    assert!(decision.allowed(), "{decision:?}");
    assert_eq!(decision.now(), Timestamp::from_micros(SECOND + 77));
    assert_eq!(decision.remaining(), 2);
}

#[test]
fn airtime_is_waited_for_to_the_end_of_its_bucket() {
    let (_turn, driver) = time();
    let bands = TableStorage::<NoopRawMutex, u8, AirtimeWindow<4>, 1>::new();
    let limiter = AirtimeRateLimiter::with_clock(bands, EmbassyClock);
    assert!(poll_once(limiter.until_ready(&ITEM, 1_u8, 4)).is_some());
    let alarm = Arc::new(Alarm::default());
    let mut waiting = pin!(limiter.until_ready(&ITEM, 1_u8, 4));
    assert!(poll(waiting.as_mut(), &alarm).is_pending());
    driver.advance(Duration::from_micros(SECOND * 5 / 4 - 1));
    assert!(
        poll(waiting.as_mut(), &alarm).is_pending(),
        "at {:?}",
        Instant::now()
    );
    driver.advance(Duration::from_micros(1));
    assert_eq!(alarm.rings(), 1);
    assert!(
        poll(waiting.as_mut(), &alarm).is_ready(),
        "at {:?}",
        Instant::now()
    );
}

#[test]
fn who_finds_the_released_units_taken_waits_for_the_next() {
    let (_turn, driver) = time();
    let limiter = MovingWindowRateLimiter::with_clock(Exact::new(), EmbassyClock);
    assert!(poll_once(limiter.until_ready(&ITEM, 1_u8, 4)).is_some());
    let alarm = Arc::new(Alarm::default());
    let mut waiting = pin!(limiter.until_ready(&ITEM, 1_u8, 1));
    assert!(poll(waiting.as_mut(), &alarm).is_pending());
    driver.advance(Duration::from_micros(SECOND));
    assert!(
        poll_once(limiter.until_ready(&ITEM, 1_u8, 4)).is_some(),
        "another was faster"
    );
    assert!(poll(waiting.as_mut(), &alarm).is_pending());
    driver.advance(Duration::from_micros(SECOND));
    assert_eq!(alarm.rings(), 2);
    assert!(poll(waiting.as_mut(), &alarm).is_ready());
}

#[test]
fn a_cost_above_the_amount_is_refused_at_once() {
    let (_turn, _) = time();
    let limiter = MovingWindowRateLimiter::with_clock(Exact::new(), EmbassyClock);
    let decision = poll_once(limiter.until_ready(&ITEM, 1_u8, 5)).expect("it never fits");
    let decision = decision.expect("the storage was not asked");
    assert!(!decision.allowed(), "{decision:?}");
    assert_eq!(decision.retry_at(), None);
}

#[test]
fn an_amount_of_0_refuses_at_once_and_an_error_is_told_at_once() {
    let (_turn, _) = time();
    let limiter = MovingWindowRateLimiter::with_clock(Exact::new(), EmbassyClock);
    let none = poll_once(limiter.until_ready(&RateLimitItem::per_second(0), 1_u8, 1));
    assert!(none.is_some_and(|none| none.is_ok_and(|none| !none.allowed())));
    let large = poll_once(limiter.until_ready(&RateLimitItem::per_second(5), 1_u8, 1));
    assert!(
        matches!(large, Some(Err(TableError::LimitTooLarge))),
        "{large:?}"
    );
}

#[test]
fn a_wait_that_is_dropped_takes_nothing() {
    let (_turn, driver) = time();
    let limiter = MovingWindowRateLimiter::with_clock(Exact::new(), EmbassyClock);
    assert!(poll_once(limiter.until_ready(&ITEM, 1_u8, 4)).is_some());
    let alarm = Arc::new(Alarm::default());
    {
        let mut waiting = pin!(limiter.until_ready(&ITEM, 1_u8, 2));
        assert!(poll(waiting.as_mut(), &alarm).is_pending());
        driver.advance(Duration::from_micros(SECOND));
        assert_eq!(alarm.rings(), 1, "it is woken and then dropped");
    }
    assert_eq!(left(&limiter), 4);
}

#[test]
fn the_clock_tells_the_time_of_the_driver() {
    let (_turn, driver) = time();
    assert_eq!(EmbassyClock.now(), Timestamp::ZERO);
    driver.advance(Duration::from_micros(1_234_567));
    assert_eq!(EmbassyClock.now(), Timestamp::from_micros(1_234_567));
}

/// The host's tick is a microsecond, so here rounding up is being exact.
#[test]
fn an_instant_of_the_clock_is_never_before_its_timestamp() {
    for micros in [0, 1, 999_999, SECOND, 1 << 32, u64::MAX / 2] {
        let instant = EmbassyClock::instant(Timestamp::from_micros(micros));
        assert!(instant.as_micros() >= micros, "{micros}: {instant:?}");
        let tick = Duration::from_ticks(1).as_micros();
        assert!(
            instant.as_micros() - micros < tick.max(1),
            "{micros}: {instant:?}"
        );
    }
}

#[test]
fn an_instant_at_the_end_of_time_is_one() {
    let instant = EmbassyClock::instant(Timestamp::from_micros(u64::MAX));
    assert_eq!(instant.as_micros(), u64::MAX, "{instant:?}");
}

#[test]
fn a_wait_until_the_end_of_time_is_a_wait() {
    let (_turn, driver) = time();
    let limiter = MovingWindowRateLimiter::with_clock(Exact::new(), EmbassyClock);
    let longer_than_time = RateLimitItem::per_year(1).with_multiples(NonZeroU32::MAX);
    assert!(poll_once(limiter.until_ready(&longer_than_time, 1_u8, 1)).is_some());
    let alarm = Arc::new(Alarm::default());
    let mut waiting = pin!(limiter.until_ready(&longer_than_time, 1_u8, 1));
    assert!(poll(waiting.as_mut(), &alarm).is_pending());
    driver.advance(Duration::from_micros(1 << 60));
    assert_eq!(alarm.rings(), 0, "at {:?}", Instant::now());
}
