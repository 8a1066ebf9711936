//! Numbers that nobody guesses right twice.

use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use std::hash::RandomState;

/// A random number: by the keys that the standard library makes for its hash tables.
pub(crate) fn random() -> u32 {
    let random = RandomState::new().build_hasher().finish();
    u32::try_from(random >> 32).unwrap_or_default()
}

/// How long to wait before an attempt, that those who came too late don't meet again: at
/// random, at most `first` doubled by each attempt, as often as `doublings` says.
pub(crate) fn pause(first: Duration, doublings: u32, attempt: u32) -> Duration {
    let longest = first * (1 << attempt.min(doublings));
    longest * (random() % 1_024) / 1_024
}
