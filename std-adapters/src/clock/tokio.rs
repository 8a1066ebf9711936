//! The clock of tokio's timers.

use core::time::Duration;
use std::sync::LazyLock;
use std::time::{Instant, SystemTime};

use limits_core::{Clock, Micros, Timestamp};

/// One instant for all runtimes of the process, and its wall time.
static START: LazyLock<(Instant, Timestamp)> = LazyLock::new(|| {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let wall = Micros::from(since_epoch.unwrap_or_default());
    (Instant::now(), Timestamp::ZERO.saturating_add(wall))
});

/// Makes what is cut to a microsecond be rounded up.
const ROUND_UP: Duration = Duration::from_nanos(999);

/// The clock of tokio's timers, in microseconds since 1970-01-01 UTC: for tests on a
/// runtime whose time is paused, where a limiter's time is to pass with that of its
/// callers.
///
/// It starts at the wall time and is as monotonic as [`SystemClock`](super::SystemClock),
/// whose instants are others by up to a few milliseconds; a reading takes about twice as
/// long. Out of a runtime it reads the system's time.
///
/// ```
/// use core::time::Duration;
///
/// use limits::{Clock, TokioClock};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let start = TokioClock.now();
/// tokio::time::sleep(Duration::from_secs(3_600)).await;
/// assert_eq!(TokioClock.now().saturating_since(start).to_duration().as_secs(), 3_600);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let (start, wall) = *START;
        let now = tokio::time::Instant::now().into_std();
        let ahead = Micros::from(now.saturating_duration_since(start));
        // A runtime that was paused before the first reading stands before the start. Both are
        // rounded down, lest a span across it be a microsecond short.
        let behind = start.saturating_duration_since(now) + ROUND_UP;
        wall.saturating_add(ahead).saturating_sub(behind.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_span_is_told_to_the_microsecond() {
        for micros in [1, 999, 1_000, 1_001, 3_600_000_000] {
            let start = TokioClock.now();
            tokio::time::advance(Duration::from_micros(micros)).await;
            let span = TokioClock.now().saturating_since(start);
            assert_eq!(span.as_micros(), micros);
        }
    }
}
