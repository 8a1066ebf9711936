//! The `limits` command, run as its users run it.

mod command;
