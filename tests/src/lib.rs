//! What the tests of limits share: the conformance suite and the naive model.

pub mod conformance;
pub mod model;

/// The examples of the README at the top of the repository.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
