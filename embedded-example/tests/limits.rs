//! Limiters by the clock of the board: where it wraps, stands still, or goes on for a day.
#![no_std]
#![no_main]

use core::cell::Cell;

use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_time::Instant;
use limits_core::window::Kind;
use limits_core::{
    AirtimeRateLimiter, AirtimeWindow, Decision, EmbassyClock, FixedLog, FixedWindow,
    FixedWindowRateLimiter, GcraRateLimiter, GcraWindow, Keeps, MovingWindow,
    MovingWindowRateLimiter, RateLimitItem, RateLimiter, SlidingWindow,
    SlidingWindowCounterRateLimiter, TableStorage, poll_once,
};

type Storage<W> = TableStorage<CriticalSectionRawMutex, u8, W, 4>;
type Moving = MovingWindow<FixedLog<4>>;

const FOUR_A_SECOND: RateLimitItem<'_> = RateLimitItem::per_second(4);

/// Hits an item of a fresh moving window.
struct Subject(Storage<Moving>);

impl Subject {
    fn hit(&self, item: &RateLimitItem<'_>) -> Decision {
        let limiter = MovingWindowRateLimiter::with_clock(&self.0, EmbassyClock);
        let hit = poll_once(limiter.hit(item, 0_u8, 1));
        defmt::unwrap!(defmt::unwrap!(hit))
    }

    /// Hits until one is refused and tells how many passed.
    fn hit_all(&self, item: &RateLimitItem<'_>) -> u32 {
        let mut passed = 0;
        while self.hit(item).allowed() {
            passed += 1;
        }
        passed
    }
}

/// Waits for its turn at four a second by each strategy, and checks that it was
/// neither made to wait too long nor let through too early.
async fn keeps_to_the_rate_from(start: u64) {
    limits_firmware::init_at(start);
    let storage = Storage::<Moving>::new();
    let took = millis_of_40_turns(MovingWindowRateLimiter::new(&storage)).await;
    defmt::assert!((9_000..=9_001).contains(&took), "moving: {} ms", took);
    let storage = Storage::<FixedWindow>::new();
    let took = millis_of_40_turns(FixedWindowRateLimiter::new(&storage)).await;
    defmt::assert!((9_000..=9_001).contains(&took), "fixed: {} ms", took);
    let storage = Storage::<SlidingWindow>::new();
    let took = millis_of_40_turns(SlidingWindowCounterRateLimiter::new(&storage)).await;
    defmt::assert!((8_500..=9_800).contains(&took), "sliding: {} ms", took);
    let storage = Storage::<GcraWindow<u64>>::new();
    let took = millis_of_40_turns(GcraRateLimiter::new(&storage)).await;
    defmt::assert!((9_000..=9_001).contains(&took), "gcra: {} ms", took);
    let storage = Storage::<AirtimeWindow<4>>::new();
    let took = millis_of_40_turns(AirtimeRateLimiter::new(&storage)).await;
    // A bucket of four holds units back for up to a quarter longer.
    defmt::assert!((9_000..=11_300).contains(&took), "airtime: {} ms", took);
}

async fn millis_of_40_turns<K, S>(limiter: RateLimiter<K, S, EmbassyClock>) -> u64
where
    K: Kind,
    S: Keeps<K, Error: defmt::Format>,
{
    let start = Instant::now();
    for _ in 0..40 {
        let turn = limiter.until_ready(&FOUR_A_SECOND, 1_u8, 1).await;
        defmt::assert!(defmt::unwrap!(turn).allowed());
    }
    start.elapsed().as_millis()
}

static FROM_INTERRUPT: CriticalSectionMutex<Cell<u32>> = CriticalSectionMutex::new(Cell::new(0));
static SHARED: Storage<FixedWindow> = Storage::new();

fn take_shared() -> bool {
    let limiter = FixedWindowRateLimiter::with_clock(&SHARED, EmbassyClock);
    let hit = poll_once(limiter.hit(&RateLimitItem::per_day(100), 0_u8, 1));
    defmt::unwrap!(defmt::unwrap!(hit)).allowed()
}

fn on_interrupt() {
    if take_shared() {
        FROM_INTERRUPT.lock(|count| count.set(count.get() + 1));
    }
}

#[embedded_test::tests(executor = limits_firmware::Executor::new())]
mod tests {
    use embassy_time::{Duration, Instant, Timer};
    use limits_core::{EmbassyClock, RateLimitItem};
    use limits_firmware::{init, soft_interrupt, time_driver};

    use super::{
        FOUR_A_SECOND, FROM_INTERRUPT, Storage, Subject, keeps_to_the_rate_from, on_interrupt,
        take_shared,
    };

    #[test]
    async fn keeps_to_the_rate() {
        keeps_to_the_rate_from(0).await;
    }

    #[test]
    async fn keeps_to_the_rate_where_32_bits_of_microseconds_wrap() {
        keeps_to_the_rate_from((1 << 32) - 5_000_000).await;
    }

    #[test]
    async fn keeps_to_the_rate_where_32_bits_of_milliseconds_wrap() {
        keeps_to_the_rate_from((1 << 32) * 1_000 - 5_000_000).await;
    }

    #[test]
    async fn keeps_to_the_rate_far_into_64_bits() {
        keeps_to_the_rate_from((1 << 63) - 5_000_000).await;
    }

    #[test]
    fn refuses_at_the_end_of_time_and_does_not_panic() {
        limits_firmware::init_at(u64::MAX - 500_000);
        let subject = Subject(Storage::new());
        assert_eq!(subject.hit_all(&FOUR_A_SECOND), 4);
        let refused = subject.hit(&FOUR_A_SECOND);
        assert!(refused.retry_at() >= Some(refused.now()));
    }

    #[test]
    async fn a_day_admits_what_a_day_may() {
        init();
        let (subject, item) = (Subject(Storage::new()), RateLimitItem::per_day(4));
        let mut passed = 0;
        for _ in 0..24 {
            passed += subject.hit_all(&item);
            Timer::after(Duration::from_secs(3_600)).await;
        }
        assert_eq!(passed, 4);
        let again = subject.hit_all(&item);
        assert_eq!(again, 4, "after a day");
    }

    #[test]
    async fn a_clock_that_stands_still_releases_nothing() {
        init();
        let subject = Subject(Storage::new());
        assert_eq!(subject.hit_all(&FOUR_A_SECOND), 4);
        time_driver::stop();
        for _ in 0..10_000 {
            assert!(!subject.hit(&FOUR_A_SECOND).allowed());
        }
        let refused = subject.hit(&FOUR_A_SECOND);
        time_driver::resume();
        let at = defmt::unwrap!(refused.retry_at());
        Timer::at(EmbassyClock::instant(at)).await;
        assert!(subject.hit(&FOUR_A_SECOND).allowed());
    }

    #[test]
    fn time_goes_on_for_limits_while_interrupts_are_masked() {
        init();
        let subject = Subject(Storage::new());
        critical_section::with(|_| {
            let start = Instant::now();
            let item = RateLimitItem::per_second(4);
            assert_eq!(subject.hit_all(&item), 4);
            while !subject.hit(&item).allowed() {}
            let waited = start.elapsed();
            defmt::assert!(waited >= Duration::from_secs(1), "{}", waited);
            defmt::assert!(waited < Duration::from_millis(1_001), "{}", waited);
        });
    }

    #[test]
    fn an_interrupt_and_a_task_together_get_the_amount() {
        init();
        soft_interrupt::enable(on_interrupt);
        let mut mine = 0;
        for _ in 0..300 {
            soft_interrupt::raise();
            mine += u32::from(take_shared());
        }
        let others = FROM_INTERRUPT.lock(core::cell::Cell::get);
        assert_eq!(mine + others, 100);
        defmt::assert!(mine > 0 && others > 0, "{} and {}", mine, others);
    }
}
