use embassy_sync::blocking_mutex::raw::RawMutex;

use super::state::Instant;
use super::{
    MemoryError, MemoryStorage, SavedKey, SavedWindow, StateError, StateReader, StateWriter,
    TableKey, TableWindow,
};
use crate::key::Key;
use crate::time::{Micros, Timestamp};

/// Up to `N` keys that are refused until an instant, whatever their limits say:
/// what a server's `Retry-After` asks for, or a penalty.
///
/// [`Blockable`](crate::limiter::Blockable) makes any limiter obey it. A block
/// takes a slot until it is over, as a window in a
/// [`MemoryStorage`] of the same `M`, `K` and `N` does; it
/// takes 8 bytes and the key, rounded up to 4. A call is O(slots a key may use).
#[derive(Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Blocks<M: RawMutex, K, const N: usize>(MemoryStorage<M, K, Until, N>);

/// The end of a block, in place of a window.
#[derive(Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Until;

impl TableWindow for Until {
    type State = Instant;

    const EMPTY: Instant = Instant::ZERO;

    fn expires_at(state: &Instant) -> Timestamp {
        state.get()
    }
}

impl<M: RawMutex, K: TableKey, const N: usize> Blocks<M, K, N> {
    /// Makes an empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self(MemoryStorage::new())
    }

    /// Refuses `key` at every instant before `until`; a block that is longer already stays.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Full`] if the slots the key may use hold other blocks,
    /// [`MemoryError::Key`] if the key is not one of this table.
    pub fn block_until(
        &self,
        key: Key<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), MemoryError> {
        if until <= now {
            return Ok(());
        }
        self.0.write(key, now, |end| {
            *end = Instant::of(until.max(end.get()));
        })
    }

    /// Tells until when `key` is refused, `None` if it isn't.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Key`] if the key is not one of this table.
    pub fn blocked_until(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, MemoryError> {
        self.0
            .read(key, |until| Some(until.get()).filter(|until| now < *until))
    }

    /// Ends the block of `key`.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Key`] if the key is not one of this table.
    pub fn unblock(&self, key: Key<'_>) -> Result<(), MemoryError> {
        self.0.forget(key)
    }
}

/// The span to the end in 8 bytes.
impl SavedWindow for Until {
    const KIND: u8 = 5;
    const LEN: usize = 8;

    fn save(until: &Instant, to: &mut StateWriter<'_>) -> Option<()> {
        to.put_instant(until.get())
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Instant> {
        from.take_instant().map(Instant::of)
    }
}

impl<M: RawMutex, K: SavedKey, const N: usize> Blocks<M, K, N> {
    /// The bytes that the largest state takes: 20, and for every slot the key and 8.
    pub const STATE_LEN: usize = MemoryStorage::<M, K, Until, N>::STATE_LEN;

    /// As [`MemoryStorage::save`].
    ///
    /// # Errors
    ///
    /// As [`MemoryStorage::save`].
    pub fn save<'b>(&self, now: Timestamp, buffer: &'b mut [u8]) -> Result<&'b [u8], StateError> {
        self.0.save(now, buffer)
    }

    /// As [`MemoryStorage::restore`].
    ///
    /// # Errors
    ///
    /// As [`MemoryStorage::restore`].
    pub fn restore(&self, bytes: &[u8], now: Timestamp, slept: Micros) -> Result<(), StateError> {
        self.0.restore(bytes, now, slept)
    }
}

impl<M: RawMutex, K: TableKey, const N: usize> Default for Blocks<M, K, N> {
    fn default() -> Self {
        Self::new()
    }
}
