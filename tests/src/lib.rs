//! What the tests of limits share: the conformance suite, the naive model and real servers.

mod built;
pub mod conformance;
pub mod model;
pub mod servers;

pub use built::built;

/// The examples of the README at the top of the repository.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
