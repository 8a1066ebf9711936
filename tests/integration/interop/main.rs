//! Python `limits` beside ours: the real package, each of its clients, on real servers.

mod etcd;
mod memcached;
mod mongodb;
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
