//! The clock of a process.

use core::time::Duration;
use std::sync::LazyLock;
use std::time::SystemTime;

use limits_core::{Clock, Timestamp};
use quanta::Instant;

/// Where the clock of this process starts: an instant and its wall time.
static START: LazyLock<(Instant, Duration)> = LazyLock::new(|| {
    // The first reading takes as long as the calibration: it must not come between
    // those of one instant.
    let _ = Instant::now();
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    (Instant::now(), since_epoch.unwrap_or_default())
});

/// A monotonic clock that starts at the wall time: microseconds since 1970-01-01 UTC.
///
/// It is one clock per process, whose ticks come from the processor where that
/// can be trusted (about 10 ns a reading) and from the system elsewhere. Changes
/// of the wall time after the start don't move it, so no limit is ever granted
/// or held back by one; [`system_time`](Self::system_time) turns its instants
/// into wall time as it is now.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// A wall time that is off by less than this has not been changed.
const STEADY: Duration = Duration::from_millis(5);

impl SystemClock {
    /// Tells the wall time of an instant of this clock.
    ///
    /// While the wall time goes as this clock does, to within 5 ms, an instant has
    /// the same wall time whenever it is asked for; when the wall time was
    /// changed, it is told by the wall time as it is now.
    #[must_use]
    pub fn system_time(&self, instant: Timestamp) -> SystemTime {
        let wall = SystemTime::now();
        let wall_time = |instant: Timestamp| {
            let told = SystemTime::UNIX_EPOCH.checked_add(instant.since_epoch());
            // Some systems' time ends before this clock's does.
            told.unwrap_or(wall)
        };
        let told = wall_time(instant);
        let shifted = match wall.duration_since(wall_time(self.now())) {
            Ok(ahead) if ahead > STEADY => told.checked_add(ahead),
            Err(behind) if behind.duration() > STEADY => told.checked_sub(behind.duration()),
            _ => None,
        };
        shifted.unwrap_or(told)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let (start, since_epoch) = *START;
        let now = since_epoch.saturating_add(start.elapsed());
        Timestamp::from_micros(u64::try_from(now.as_micros()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_wall_time_and_never_goes_back() {
        let before = SystemClock.now();
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let wall = wall.expect("the wall time is after 1970");
        assert!(SystemClock.now() >= before);
        let apart = wall.abs_diff(before.since_epoch());
        assert!(apart < Duration::from_millis(500), "{apart:?} apart");
    }

    #[test]
    fn an_instant_has_one_wall_time() {
        let now = SystemClock.now();
        let minute = limits_core::Micros::from_secs(60);
        let told = SystemClock.system_time(now.saturating_add(minute));
        assert_eq!(told, SystemClock.system_time(now.saturating_add(minute)));
        let expected = SystemTime::now() + Duration::from_secs(60);
        let apart = told
            .duration_since(expected)
            .unwrap_or_else(|error| error.duration());
        assert!(apart < Duration::from_millis(500), "{apart:?} apart");
    }
}
