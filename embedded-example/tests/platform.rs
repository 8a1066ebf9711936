//! What the examples take for granted: the clock, and what a reset keeps.
#![no_std]
#![no_main]

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use embassy_time::{Duration, Instant, Timer};
use limits_firmware::Retained;

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
const HARDLY: Duration = Duration::from_micros(100);

#[expect(
    unsafe_code,
    reason = "the section is one that startup leaves as it is"
)]
#[unsafe(link_section = ".uninit.starts")]
static STARTS: Retained<9> = Retained::new();

/// What is retained next to the number of starts.
const WORD: &[u8; 8] = b"retained";

#[embedded_test::tests(executor = limits_firmware::Executor::new())]
mod tests {
    use embassy_time::{Duration, Instant, Timer};
    use limits_firmware::{init, init_at, reset, time_driver};

    use super::{
        DAY, HARDLY, HOUR, STARTS, WORD, check_start_at, sleep, spin, start_timer, started,
    };

    #[test]
    fn time_never_steps_back() {
        init();
        // Longer than any counter runs before it wraps.
        spin(Duration::from_millis(1_200));
    }

    #[test]
    async fn a_timer_is_never_early_and_hardly_late() {
        init();
        let mut micros = 1;
        while micros < 100_000_000 {
            sleep(Duration::from_micros(micros)).await;
            micros += micros / 3 + 1;
        }
    }

    #[test]
    async fn a_day_passes() {
        init();
        sleep(DAY).await;
        assert_eq!(Instant::now().as_secs(), DAY.as_secs());
    }

    #[test]
    async fn time_goes_on_while_interrupts_are_masked() {
        init();
        for millis in [1, 10, 100, 300] {
            // Due meanwhile: the counter's interrupt waits all along.
            let timer = start_timer(Duration::from_micros(300)).await;
            let start = Instant::now();
            let masked = Duration::from_millis(millis);
            critical_section::with(|_| spin(masked));
            timer.await;
            let took = start.elapsed();
            defmt::assert!(masked <= took && took < masked + HARDLY, "took {}", took);
        }
    }

    #[test]
    async fn no_time_passes_while_the_clock_stands_still() {
        init();
        Timer::after_millis(5).await;
        let timer = start_timer(Duration::from_millis(1)).await;
        time_driver::stop();
        let stopped = Instant::now();
        for _ in 0..100_000 {
            assert_eq!(Instant::now(), stopped);
        }
        time_driver::resume();
        timer.await;
        let passed = stopped.elapsed();
        defmt::assert!(passed < Duration::from_millis(1) + HARDLY, "{}", passed);
    }

    #[test]
    async fn the_clock_passes_32_bits_of_microseconds() {
        check_start_at((1 << 32) - 50).await;
    }

    #[test]
    async fn the_clock_passes_32_bits_of_milliseconds() {
        check_start_at((1 << 32) * 1_000 - 50).await;
    }

    #[test]
    async fn the_clock_runs_close_to_its_end() {
        check_start_at(u64::MAX - 2 * HOUR.as_micros()).await;
    }

    #[test]
    fn the_clock_ends_at_its_last_instant() {
        init_at(u64::MAX - 50);
        for _ in 0..100_000 {
            assert!(Instant::now() >= Instant::from_ticks(u64::MAX - 50));
        }
        assert_eq!(Instant::now(), Instant::MAX);
    }

    #[test]
    async fn retained_memory_outlives_a_reset_and_the_clock_starts_over() {
        init();
        defmt::assert!(Instant::now() < Instant::from_ticks(0) + HARDLY);
        let [starts, word @ ..] = STARTS.load();
        if word != *WORD {
            STARTS.save(started(1));
            reset();
        }
        if starts < 5 {
            // Long enough for the upper half of a counter.
            Timer::after_secs(500).await;
            STARTS.save(started(starts + 1));
            reset();
        }
        STARTS.save([0; 9]);
    }
}

/// What is retained after so many starts.
fn started(starts: u8) -> [u8; 9] {
    let mut bytes = [starts; 9];
    bytes[1..].copy_from_slice(WORD);
    bytes
}

/// Starts the clock at `micros` and passes some time.
async fn check_start_at(micros: u64) {
    limits_firmware::init_at(micros);
    let start = Instant::from_micros(micros);
    defmt::assert!(Instant::now() >= start && Instant::now() < start + HARDLY);
    for wait in [Duration::from_micros(70), Duration::from_secs(1), HOUR] {
        sleep(wait).await;
    }
    spin(Duration::from_millis(1));
}

/// Sleeps, and checks that it took `span`.
async fn sleep(span: Duration) {
    let due = Instant::now() + span;
    Timer::at(due).await;
    let now = Instant::now();
    defmt::assert!(due <= now && now < due + HARDLY, "{} for {}", now, due);
}

/// Reads the clock for `span`, and checks that it goes forward by small steps.
fn spin(span: Duration) {
    let end = Instant::now() + span;
    let mut last = Instant::now();
    while last < end {
        let now = Instant::now();
        defmt::assert!(last <= now && now < last + HARDLY, "{}, {}", last, now);
        last = now;
    }
}

/// Returns a timer that runs while nobody waits for it.
async fn start_timer(span: Duration) -> impl Future<Output = ()> {
    let mut timer = Timer::after(span);
    poll_fn(|context| Poll::Ready(pin!(&mut timer).poll(context).is_pending())).await;
    timer
}
