//! The `limits` command, run as its users run it.

mod batch;
mod bench;
mod demo;
mod help;
mod origins;
mod program;
mod redis;
mod requests;
mod run;
mod secrets;
mod settling;
mod several;
mod single;
mod stream;
