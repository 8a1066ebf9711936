//! What storages and strategies do besides the laws: the behaviours that
//! Python `limits` tests, with our laws where they differ.

mod bounded;
mod elastic;
mod every_kind;
mod fixed;
mod fixed_capacity;
mod gcra;
mod guarded;
mod key;
mod limiter;
mod moving;
mod sliding;
mod storage;

pub(super) use bounded::all as bounded;
pub(super) use elastic::all as elastic;
pub(super) use every_kind::all as every_kind;
pub(super) use fixed::all as fixed;
pub(super) use fixed_capacity::all as fixed_capacity;
pub(super) use gcra::all as gcra;
pub(super) use moving::all as moving;
pub(super) use sliding::all as sliding;

use limits_core::Keeps;

use super::fixture::Fixture;
use super::strategy::Tested;
use super::suite::Law;

/// Lists what is the same for every strategy.
pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    let mut laws = Vec::new();
    laws.extend(limiter::all());
    laws.extend(key::all());
    laws.extend(storage::all());
    laws.extend(guarded::all());
    laws
}
