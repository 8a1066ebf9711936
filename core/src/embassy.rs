//! embassy's clock, and waiting by its timers.

use embassy_time::{Instant, TICK_HZ, Timer};

use crate::decision::Decision;
use crate::item::RateLimitItem;
use crate::key::Identifiers;
use crate::limiter::RateLimiter;
use crate::storage::Keeps;
use crate::time::{Clock, Timestamp};
use crate::window::Kind;

/// The clock of `embassy-time`: monotonic, from the boot.
///
/// An instant is as fine as the tick, 1 µs unless the firmware chooses otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EmbassyClock;

impl EmbassyClock {
    /// Tells the first tick at or after an instant of this clock, for a timer.
    #[must_use]
    pub const fn instant(timestamp: Timestamp) -> Instant {
        let (secs, micros) = (
            timestamp.as_micros() / 1_000_000,
            timestamp.as_micros() % 1_000_000,
        );
        let ticks = (micros * TICK_HZ).div_ceil(1_000_000);
        Instant::from_ticks(secs.saturating_mul(TICK_HZ).saturating_add(ticks))
    }
}

impl Clock for EmbassyClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(Instant::now().as_micros())
    }
}

impl<K: Kind, S: Keeps<K>> RateLimiter<K, S, EmbassyClock> {
    /// Hits until the hit passes, asleep until `retry_after` in between.
    ///
    /// Sleeps once, to the microsecond, unless others take what was released
    /// first. Units that are reserved count as if they were taken now: it does not
    /// wake when they are given back. Callers are served in the order in which their
    /// timers wake them, so bound the wait with `embassy_time::with_timeout` where many compete. A
    /// cost above the limit's amount can never pass and is answered at once, with
    /// a decision that refuses it. Dropping the future takes nothing.
    ///
    /// # Errors
    ///
    /// The storage's, at once.
    pub async fn until_ready<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
    ) -> Result<Decision, S::Error> {
        let identifiers = identifiers.into();
        loop {
            let decision = self.hit(item, identifiers, cost).await?;
            match decision.retry_at() {
                Some(at) if !decision.allowed() => Timer::at(EmbassyClock::instant(at)).await,
                _ => return Ok(decision),
            }
        }
    }
}
