//! Storages that can only compare and swap: the windows are computed here, by the
//! arithmetic of [`limits_core::window`], and what became of them is written if nobody
//! else wrote meanwhile.
//!
//! [`Cas`] is such a storage over anything [`Versioned`]. For every call it reads what is
//! stored, decides, and swaps; a swap that comes too late is tried again, at most
//! 32 times, with pauses that grow and differ at random.
//!
//! - **Callers of one process go together.** While one round for a key is on its way, the
//!   calls for the same key gather, and the next round serves all of them, in their order,
//!   by one reading and one swap. Only other processes can come between.
//! - **Several limits** are decided at once where the store can swap several entries
//!   ([`Versioned::SWAPS`]); such calls of one process go together too, whatever their keys
//!   are. Else they are decided in turn.
//! - **Clock.** The server has none that it shares, so each attempt decides by the wall time
//!   of the host once it has read. Hosts whose clocks are apart by `d` may admit what fits
//!   in `d` more than one of them alone would, at each end of a window; no window is kept
//!   closed for longer than a period (two for sliding counters and buckets).
//! - **Dropping a call** before its round began takes it back. After that it counts.

mod form;
mod numbers;
mod round;
mod rounds;
mod states;
mod storage;
#[cfg(test)]
mod tests;
mod versioned;
mod windows;

pub use storage::Cas;
pub(crate) use storage::WallClock;
pub use versioned::{Found, Swap, Versioned, Write};

#[cfg(feature = "memcached")]
pub(crate) use form::{Call, What};
pub(crate) use form::{Form, Recipe};
pub(crate) use numbers::{instant, number, seconds};
pub(crate) use states::state;
