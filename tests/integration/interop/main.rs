//! Python `limits` beside ours: the real package, each of its clients of Redis, on real servers.

mod names;
mod ours;
mod prefixes;
mod python;
mod side;
mod sides;
mod state;
mod stored;
mod together;
mod topologies;
