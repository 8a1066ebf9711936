//! What the tests of limits share: the conformance suite, the naive model and real servers.

pub mod conformance;
pub mod model;
pub mod servers;

/// The examples of the README at the top of the repository.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
