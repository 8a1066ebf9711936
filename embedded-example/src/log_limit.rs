//! Log lines of which one place may write only so many.

use core::cell::Cell;

use embassy_sync::blocking_mutex::CriticalSectionMutex;
use limits_core::window::Increment;
use limits_core::{Clock, EmbassyClock, FixedWindow, RateLimitItem, Timestamp};

/// Limits the log lines of one place, and counts those it skips.
///
/// The window starts with the first line, so that one always passes, also right
/// after the boot. Made by [`log_limited!`](crate::log_limited).
pub struct LogLimit {
    item: RateLimitItem<'static>,
    state: CriticalSectionMutex<Cell<State>>,
}

#[derive(Clone, Copy)]
struct State {
    window: FixedWindow,
    skipped: u32,
}

impl LogLimit {
    /// Makes the limit of one place.
    #[must_use]
    pub const fn new(item: RateLimitItem<'static>) -> Self {
        let state = State {
            window: FixedWindow::new(0, Timestamp::ZERO),
            skipped: 0,
        };
        Self {
            item,
            state: CriticalSectionMutex::new(Cell::new(state)),
        }
    }

    /// Tells how many lines were skipped since the last that passed, or `None`
    /// if this one is to be skipped too. Safe to call in an interrupt.
    #[must_use]
    pub fn pass(&self) -> Option<u32> {
        let now = EmbassyClock.now();
        self.state.lock(|cell| {
            let mut state = cell.get();
            let line = Increment {
                amount: 1,
                expiry: self.item.get_expiry(),
                elastic_expiry: false,
                ceiling: Some(self.item.amount()),
            };
            let passes = state.window.incr(line, now).applied;
            let skipped = state.skipped;
            state.skipped = if passes { 0 } else { skipped.saturating_add(1) };
            cell.set(state);
            passes.then_some(skipped)
        })
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
