//! Numbers that nobody guesses right twice.

use core::hash::{BuildHasher, Hasher};
use std::hash::RandomState;

/// A random number: by the keys that the standard library makes for its hash tables.
pub(crate) fn random() -> u32 {
    let random = RandomState::new().build_hasher().finish();
    u32::try_from(random >> 32).unwrap_or_default()
}
