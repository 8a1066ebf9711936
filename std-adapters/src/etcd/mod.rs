//! Counters in etcd: one server, or a cluster.
//!
//! | | |
//! |---|---|
//! | round trips | two for each `hit` that takes units and for each settlement; one for each `test`, `get_window_stats` and refused `hit`. One more to grant a lease for the hit that makes a key, two where a key gets another lease, about once a period. Two more each time that another process came between, at most 32 times. Calls of one process for one key that wait go together, in as many as one would take |
//! | several limits | all or none in one transaction, with the same round trips: up to 128 limits. Such calls of one process go together too, whatever their keys are |
//! | requests | `Range`, `Txn`, `LeaseGrant`, `LeaseRevoke`; with a user `Authenticate` |
//! | rights | to read and to write the keys that begin with the prefix |
//! | servers | etcd 3.4 or newer (tested on 3.4.23) |
//! | clock | the wall time of the host of each caller, see below |
//! | counts | up to 2^64 - 1 units |
//! | moving windows | a request of 1.5 MiB holds about 100,000 units taken at different instants (`--max-request-bytes`); what is larger is an error of kind [`Full`](crate::StorageErrorKind::Full) |
//! | clients | of this crate, on tokio: one connection to each server, which all calls share |
//!
//! # Shared with Python
//!
//! Names and values are those of Python `limits` 4.8, the last version that has etcd, so
//! services in both languages share their fixed windows, elastic or not:
//!
//! | window | key | value |
//! |---|---|---|
//! | fixed, elastic | `limits/<key>` | `count:window_end`, an integer and decimal seconds |
//! | moving, which Python has not | `limits/<key>/moving` | the core's bytes |
//! | sliding counter, which Python has not | `limits/<key>/sliding` | the core's bytes |
//! | GCRA, which Python has not | `limits/<key>/gcra` | the core's bytes |
//!
//! - The core's bytes are a version, a number of the kind, and the window as
//!   [`WindowBytes`](crate::window::WindowBytes) writes it, by a clock that begins at the
//!   Unix epoch.
//! - A transaction compares the revision of each entry's last change, so nobody's change is
//!   lost. Python compares values, and deletes a window that is over without comparing:
//!   what another service counted in that moment may be lost with it.
//!
//! # Leases
//!
//! Each key has a lease of its own, so that the cluster forgets it. A lease is granted when a
//! key is made, for twice as long as its window is needed and at most for an hour more, and
//! again when the window would outlast it. Its id holds the second in which it ends, so nobody
//! has to ask. A lease that was replaced, or granted in vain, is revoked at once, and so are
//! those of keys that `clear` and `reset` delete. One that a process granted as it was killed,
//! or as a connection was lost, ends by itself.
//!
//! # Clocks
//!
//! The cluster tells no time, so each attempt decides by the wall time of its host at that
//! moment. Between hosts whose clocks are apart a window is over on one sooner than on the
//! other, by so much: keep them in step. With more than two seconds, a window may be forgotten
//! before it is over. An end that is further away than a period (two for sliding counters and
//! buckets) is taken as that.
//!
//! # Failures
//!
//! | what | kind of the error |
//! |---|---|
//! | no connection within the connect timeout, or none at all | `Timeout`, `Unavailable` |
//! | no answer within the response timeout, no leader | `Timeout`: the hit may count or not |
//! | the connection is lost meanwhile | `Unavailable`: likewise |
//! | other processes came between 32 times | `Contended` |
//! | what is stored is no counter | `Corrupt` |
//! | a window is too large for a request, or the database full | `Full` |
//! | wrong user, missing rights, no etcd at all | `Configuration` |
//!
//! A server that can't be reached or doesn't answer is not asked first the next time. Reading
//! is tried at each server of the URI, for at most the response timeout each, and so is
//! whatever no server has got; a transaction that may have been done is not sent again. A
//! cluster with a quorum loses nothing: after the election of a leader, windows are as they
//! were.

mod client;
mod error;
mod forms;
mod lease;
mod member;
mod messages;
mod options;
mod store;

pub use store::{Etcd, EtcdStorage, Version};

pub(crate) use store::{SCHEMES, from_uri};
