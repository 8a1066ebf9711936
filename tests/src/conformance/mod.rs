//! The conformance suite: what every strategy does on every storage.
//!
//! It takes each law to every storage, by a few examples in a real course of time;
//! the properties of the test target `model` take it to many examples, in memory.
//!
//! One function per law and per behaviour, generic over the storage and the
//! strategy. A new backend is a [`Fixture`] and a few calls of [`Suite`]:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use limits::MemoryStorage;
//! use limits_tests::conformance::{Memory, Suite};
//!
//! # fn main() -> Result<(), std::io::Error> {
//! let mut suite = Suite::new()?;
//! let memory = suite.backend("memory", async || {
//!     Ok(Memory::new(Arc::new(MemoryStorage::new())))
//! });
//! suite.every_strategy(&memory);
//! suite.run().exit_if_failed();
//! # Ok(())
//! # }
//! ```
//!
//! Trials are named `backend/strategy/behaviour`. Each has a fixture and
//! identifiers of its own, so they may run side by side on one server; those
//! that empty the storage run alone.

mod attempts;
mod behaviours;
mod case;
mod counted;
mod fixture;
mod fixtures;
mod laws;
mod strategy;
mod suite;
mod user;

pub use case::{Case, PERIOD};
pub use counted::Counted;
pub use fixture::{Fixture, SharedClock};
pub use fixtures::{Abilities, FixedCapacity, LOG, Memory, SLOTS, Served, Table};
pub use strategy::Tested;
pub use suite::{Backend, KeepsAll, Outcome, Suite};
pub use user::User;
