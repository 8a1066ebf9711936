//! What the tests of limits share: the conformance suite and the naive model.

pub mod conformance;
pub mod model;
