//! What the tests of limits share: the conformance suite, the naive model, real servers and
//! one that is made to fail.

mod built;
pub mod conformance;
mod example;
mod hosts;
pub mod model;
mod remote;
pub mod servers;

pub use built::built;
pub use example::Example;
pub use hosts::{Host, hosts_apart_admit_no_more_than_the_step_allows};
pub use remote::Remote;

/// The examples of the README at the top of the repository.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
