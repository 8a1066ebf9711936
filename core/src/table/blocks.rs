use embassy_sync::blocking_mutex::raw::RawMutex;

use super::packed::Packed;
use super::{SavedKey, SavedWindow, StateError, TableError, TableKey, TableStorage, TableWindow};
use crate::key::Key;
use crate::storage::BlockList;
use crate::time::{Micros, Timestamp};
use crate::window::{StateReader, StateWriter, Window, WindowBytes};

/// Up to `N` keys that are refused until an instant, whatever their limits say:
/// what a server's `Retry-After` asks for, or a penalty.
///
/// [`Guarded`](crate::Guarded) makes any storage obey it. A block
/// takes a slot until it is over, as a window in a
/// [`TableStorage`] of the same `M`, `K` and `N` does; it
/// takes 8 bytes and the key, rounded up to 4. A call is O(slots a key may use).
#[derive(Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Blocks<M: RawMutex, K, const N: usize>(TableStorage<M, K, Until, N>);

/// The end of a block, in place of a window.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Until(Timestamp);

impl Window for Until {
    const EMPTY: Self = Self(Timestamp::ZERO);

    fn expires_at(&self) -> Timestamp {
        self.0
    }

    /// A block is as long as whoever made it said.
    fn bring_forward(&mut self, _period: Micros, _now: Timestamp) {}
}

impl TableWindow for Until {
    type State = Packed;

    const FRESH: Packed = Packed::ZERO;

    fn read<T>(state: &Packed, read: impl FnOnce(&Self) -> T) -> T {
        read(&Self(state.get()))
    }

    fn update<T>(state: &mut Packed, update: impl FnOnce(&mut Self) -> T) -> T {
        let mut until = Self(state.get());
        let answer = update(&mut until);
        *state = Packed::of(until.0);
        answer
    }
}

impl<M: RawMutex, K, const N: usize> Blocks<M, K, N>
where
    K: TableKey,
{
    /// Makes a list of no blocks.
    #[must_use]
    pub const fn new() -> Self {
        Self(TableStorage::new())
    }
}

/// [`TableError::Full`] if the slots that a key may use hold other blocks,
/// [`TableError::Key`] if it is no key of this table.
impl<M: RawMutex, K: TableKey, const N: usize> BlockList for Blocks<M, K, N> {
    type Error = TableError;

    fn block_until(
        &self,
        key: Key<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), TableError> {
        if until <= now {
            return Ok(());
        }
        self.0.update(key, Micros::ZERO, now, |end| {
            end.0 = end.0.max(until);
        })
    }

    fn blocked_until(&self, key: Key<'_>, now: Timestamp) -> Result<Option<Timestamp>, TableError> {
        self.0
            .read(key, |until| Some(until.0).filter(|until| now < *until))
    }

    fn unblock(&self, key: Key<'_>) -> Result<(), TableError> {
        self.0.forget(key)
    }
}

/// The span to the end.
impl WindowBytes for Until {
    const KIND: u8 = 5;

    fn write(&self, to: &mut StateWriter<'_>) -> Option<()> {
        to.put_instant(self.0)
    }

    fn read(from: &mut StateReader<'_>) -> Option<Self> {
        from.take_instant().map(Self)
    }
}

impl SavedWindow for Until {
    const LEN: usize = 8;
}

impl<M: RawMutex, K: SavedKey, const N: usize> Blocks<M, K, N> {
    /// The bytes that the largest state takes: 20, and for every slot the key and 8.
    pub const STATE_LEN: usize = TableStorage::<M, K, Until, N>::STATE_LEN;

    /// As [`TableStorage::save`].
    ///
    /// # Errors
    ///
    /// As [`TableStorage::save`].
    pub fn save<'b>(&self, now: Timestamp, buffer: &'b mut [u8]) -> Result<&'b [u8], StateError> {
        self.0.save(now, buffer)
    }

    /// As [`TableStorage::restore`].
    ///
    /// # Errors
    ///
    /// As [`TableStorage::restore`].
    pub fn restore(&self, bytes: &[u8], now: Timestamp, slept: Micros) -> Result<(), StateError> {
        self.0.restore(bytes, now, slept)
    }
}

impl<M: RawMutex, K: TableKey, const N: usize> Default for Blocks<M, K, N> {
    fn default() -> Self {
        Self::new()
    }
}
