use core::time::Duration;

use limits_core::{Key, Micros, StrategyName, Timestamp};

use super::form::Recipe;
use super::states::state;
use crate::error::StorageError;

/// A store of entries with versions: what compare-and-swap needs of a backend.
pub trait Versioned: Send + Sync + 'static {
    /// What an entry is compared by.
    type Version: Send + Sync;

    /// How many entries can be swapped at once. With more than one, several limits are
    /// decided at once, else in turn.
    const SWAPS: usize = 1;

    /// The scheme of its URIs, which names it in errors.
    fn name(&self) -> &str;

    /// How long a round of calls may take before whoever waits gives it up.
    fn patience(&self) -> Duration;

    /// Reads entries, each `None` if there is none. At best in one round trip.
    fn read(
        &self,
        names: &[String],
    ) -> impl Future<Output = Result<Vec<Option<Found<Self::Version>>>, StorageError>> + Send;

    /// Writes the entries if each is of the version that it was read in, or if there is
    /// still none; tells whether it did. All are written or none.
    ///
    /// There are at most [`SWAPS`](Self::SWAPS), each of another name.
    fn swap(
        &self,
        swaps: &[Swap<'_, Self::Version>],
    ) -> impl Future<Output = Result<bool, StorageError>> + Send;

    /// Finds out whether the backend answers.
    fn check(&self) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Deletes all keys and tells how many there were.
    fn reset(&self) -> impl Future<Output = Result<u64, StorageError>> + Send;

    /// Deletes every window of a key, as there may be at a wall time.
    fn clear(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// How the windows of a strategy are stored; by default as the core's bytes.
    #[doc(hidden)]
    fn recipe(&self, strategy: StrategyName) -> &'static dyn Recipe {
        state(strategy)
    }
}

/// An entry as it was read.
#[derive(Clone, Debug)]
pub struct Found<V> {
    /// Its value.
    pub value: Vec<u8>,
    /// The number that is kept beside the value, 0 where none is.
    pub note: u32,
    /// What is left of its life, to the second; `None` if that is not known.
    pub left: Option<Micros>,
    /// What it is compared by.
    pub version: V,
}

/// An entry to be written if nobody else has done so meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Swap<'a, V> {
    /// The names of what is kept for the window; that of the entry is the first.
    pub names: &'a [String],
    /// What it was read in; `None` if there was no entry.
    pub version: Option<&'a V>,
    /// What is written.
    pub write: &'a Write,
}

/// What is written of an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Write {
    /// The value.
    pub value: Vec<u8>,
    /// A number to keep beside it, where the backend can.
    pub note: u32,
    /// How long the entry is needed at least.
    pub lives: Micros,
    /// The value of the second name, which is for other readers only: written after the
    /// first, whatever it was.
    pub beside: Option<Vec<u8>>,
}
