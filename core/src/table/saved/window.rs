use crate::table::{FixedLog, TableWindow};
use crate::window::{
    AirtimeWindow, FixedWindow, GcraWindow, MovingWindow, SlidingWindow, WindowBytes,
};

/// A kind of window that can be [saved](crate::TableStorage::save) as bytes.
pub trait SavedWindow: TableWindow + WindowBytes {
    /// The most bytes that a window of a table takes.
    const LEN: usize;
}

/// The most bytes of a count of 32 bits, and of one of 64.
const NARROW: usize = 5;
const WIDE: usize = 10;
const INSTANT: usize = 8;

impl SavedWindow for FixedWindow {
    const LEN: usize = NARROW + INSTANT;
}

impl SavedWindow for SlidingWindow {
    const LEN: usize = 2 * NARROW + INSTANT;
}

impl SavedWindow for GcraWindow<u64> {
    /// The upper half of what is missing is nothing.
    const LEN: usize = 1 + WIDE + NARROW + WIDE + INSTANT;
}

impl<const L: usize> SavedWindow for MovingWindow<FixedLog<L>> {
    /// A count of 16 bits takes 3 bytes, and one unit one.
    const LEN: usize = 3 + L * (1 + INSTANT);
}

impl<const B: usize> SavedWindow for AirtimeWindow<B> {
    const LEN: usize = 2 * INSTANT + NARROW * (B + 1);
}
