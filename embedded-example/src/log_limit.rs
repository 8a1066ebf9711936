//! Log lines of which one place may write only so many.

use core::cell::Cell;

use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use limits_core::window::Fixed;
use limits_core::{EmbassyClock, FixedWindow, RateLimitItem, Single};

/// Limits the log lines of one place, and counts those it skips.
///
/// The window starts with the first line, so that one always passes, also right
/// after the boot. Made by [`log_limited!`](crate::log_limited).
pub struct LogLimit {
    lines: Single<CriticalSectionRawMutex, Fixed, FixedWindow, EmbassyClock>,
    skipped: CriticalSectionMutex<Cell<u32>>,
}

impl LogLimit {
    /// Makes the limit of one place.
    #[must_use]
    pub const fn new(item: RateLimitItem<'static>) -> Self {
        Self {
            lines: Single::new(item.limit(), EmbassyClock),
            skipped: CriticalSectionMutex::new(Cell::new(0)),
        }
    }

    /// Tells how many lines were skipped since the last that passed, or `None`
    /// if this one is to be skipped too. Safe to call in an interrupt.
    #[must_use]
    pub fn pass(&self) -> Option<u32> {
        if self.lines.hit(1).allowed() {
            return Some(self.skipped.lock(Cell::take));
        }
        self.skipped
            .lock(|skipped| skipped.set(skipped.get().saturating_add(1)));
        None
    }
}

/// Logs by a macro of `defmt`, at most as often as a limit allows at this place:
/// `log_limited!(RateLimitItem::per_second(1), warn, "{} bytes lost", lost)`.
///
/// What was skipped is counted and told in a line before the next that passes.
/// The count goes on where the level is filtered out of the build; so does its
/// cost.
#[macro_export]
macro_rules! log_limited {
    ($item:expr, $level:ident, $($arguments:tt)+) => {{
        static LIMIT: $crate::log_limit::LogLimit = $crate::log_limit::LogLimit::new($item);
        if let Some(skipped) = LIMIT.pass() {
            if skipped > 0 {
                defmt::$level!("{} lines skipped", skipped);
            }
            defmt::$level!($($arguments)+);
        }
    }};
}
