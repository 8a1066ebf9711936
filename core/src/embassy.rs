//! embassy's clock.

use embassy_time::Instant;

use crate::time::{Clock, Timestamp};

/// The clock of `embassy-time`: monotonic, from the boot.
///
/// An instant is as fine as the tick, 1 µs unless the firmware chooses otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EmbassyClock;

impl Clock for EmbassyClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(Instant::now().as_micros())
    }
}
