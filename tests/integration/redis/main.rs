//! The storage in one Redis server: its scripts against the core's arithmetic,
//! what it does to what others left in the server, and the URIs that name it.

mod answers;
mod boundaries;
mod clashes;
mod clients;
mod large;
mod mistakes;
mod one_slot;
mod repairs;
mod reset_and_clear;
mod scripts;
mod scripts_flushed;
mod server;
mod uris;
