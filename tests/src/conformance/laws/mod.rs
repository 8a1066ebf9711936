//! The laws of the design, in its order. Every strategy keeps them on every storage.

mod admission;
mod backwards;
mod bounds;
mod calls;
mod cancel;
mod question;
mod refusal;
mod reset;
mod retry;
mod settle;
mod together;

use limits_core::Keeps;

use super::fixture::Fixture;
use super::strategy::Tested;
use super::suite::Law;

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    let mut laws = Vec::new();
    laws.extend(admission::all());
    laws.extend(refusal::all());
    laws.extend(question::all());
    laws.extend(retry::all());
    laws.extend(reset::all());
    laws.extend(calls::all());
    laws.extend(cancel::all());
    laws.extend(bounds::all());
    laws.extend(backwards::all());
    laws.extend(settle::all());
    laws.extend(together::all());
    laws
}
