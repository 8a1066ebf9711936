//! The examples of the crate limits, as processes.

mod programs;
mod servers;
