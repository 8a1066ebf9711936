use limits_core::window::Window;
use limits_core::{Micros, Timestamp};

/// The end of a block.
#[derive(Debug)]
pub(super) struct Until {
    pub(super) until: Timestamp,
}

impl Window for Until {
    const EMPTY: Self = Self {
        until: Timestamp::ZERO,
    };

    fn expires_at(&self) -> Timestamp {
        self.until
    }

    /// A block is as long as whoever made it said.
    fn bring_forward(&mut self, _period: Micros, _now: Timestamp) {}
}
