//! Counters in Redis or Valkey: one server, a cluster, or a server that
//! sentinels watch.
//!
//! The three storages are one type, [`RedisBackend`], over a [`Topology`]:
//! [`Single`], [`Cluster`] or [`Sentinel`].
//!
//! | | |
//! |---|---|
//! | round trips | one for each `hit`, `test`, `get_window_stats`, `settle` and `clear`, of several limits too (but see below for clusters); two to settle in a GCRA bucket; one more when a server sees a script for the first time |
//! | commands | `EVALSHA`, `EVAL`, `GET`, `SET`, `INCRBY`, `PTTL`, `PEXPIRE`, `LINDEX`, `LLEN`, `LPUSH`, `LTRIM`, `TIME`; `LRANGE`, `LREM` and `UNLINK` to settle, `UNLINK` to clear, `SCAN` to reset, `PING` to check: what an ACL must allow. To connect, `SELECT` for a database other than 0, `CLUSTER SLOTS` and `ASKING` in a cluster, `ROLE` behind sentinels, and on these `ROLE`, `SENTINEL MASTERS` and `SENTINEL REPLICAS` |
//! | servers | Redis 5 or newer (tested on 7.0, tried on 6.2); Valkey, which speaks the same |
//! | clock | the server's: those of the clients may differ |
//! | counts | up to 2^53 - 1 units, exactly; a limit above that counts up to there, in every number of an answer |
//! | periods | up to 142 years; longer ones are of that length |
//! | clients | of the crate `redis` 1.x, on tokio |
//!
//! # Shared with Python
//!
//! Keys and values are those of Python `limits` 5.8 (with its default
//! `key_prefix`, `LIMITS`), so services in both languages share their counters:
//!
//! | window | key | value | expires |
//! |---|---|---|---|
//! | fixed, elastic | `LIMITS:<key>` | integer | at the end of the window |
//! | moving | `LIMITS:<key>` | list of the instants of its units, newest first, in decimal seconds | a period after the last hit |
//! | sliding counter | `LIMITS:{<key>}` | integer | at the end of the next window |
//! | …the previous one | `LIMITS:{<key>}/-1` | integer | at the end of the current window |
//! | GCRA, which Python has not | `LIMITS:{<key>}/gcra` | three integers, see below | when the bucket is full |
//!
//! A fixed and a moving window of one item and identifier share a key, as they do
//! in Python: whoever comes second gets an error of kind
//! [`Corrupt`](crate::StorageErrorKind::Corrupt) that says so.
//!
//! A bucket is kept as `<full at> <short> <given>`, apart by a space each. It is full again
//! at the microsecond `full at` of the server's clock, but sooner by `short` parts of a
//! microsecond of which the limit's amount make a whole, so that nothing is ever rounded.
//! `given` counts the units that were given back since the bucket was last full, modulo
//! 2^53, from a number on that tells this time from others.
//!
//! # Clocks
//!
//! Windows end where the server's expiries are: fixed windows and sliding counters at whole
//! milliseconds, so the first millisecond of a window may be a part of one, and their
//! periods are rounded up to whole ones. All else is in microseconds, and so is what answers
//! say about these ends: who comes back after `retry_after` is not too early.
//!
//! A clock that went back leaves ends too far away. One that is further away than a period
//! (of a sliding counter, two) is taken as that far, and the next hit puts it there, a
//! refused one too. What a moving window holds of the future counts as taken now.
//!
//! # Several limits
//!
//! Up to 64 limits, of any strategies, are decided by one script: all or none of them are
//! charged, whatever happens to the connection. In a cluster that is so where the keys of all
//! are in one slot, such as those of fixed and moving windows whose namespaces have the same
//! part in braces: `{shop}`. (Those of sliding counters and of GCRA in such namespaces are in
//! one slot too, but in another.) Else they are asked and hit
//! [in turn](limits_core::storage::acquire_in_turn), one round trip for each: too much is
//! never admitted, but others may be refused for units that are given back a moment later,
//! and a future that is dropped may leave some of the limits charged.
//!
//! # Settling
//!
//! Units are given back or taken in the window that the hit took them from, which its charge
//! names by the server's clock, and never in another. Ends are compared with a tolerance of
//! two milliseconds, by which scripts may tell them apart. A moving window finds the entries
//! of the hit by their instant, and keeps no more entries than the limit's amount. A GCRA
//! bucket is read, settled by the core and put back if nobody changed it meanwhile; after 16
//! attempts the error is of kind [`Contended`](crate::StorageErrorKind::Contended).
//!
//! # Failures
//!
//! Connections are made when first needed, by any number of tasks at once, and
//! shared by them. A call waits at most for the connect timeout (one second), if
//! there is no connection, and for the response timeout (500 ms). It may do so twice,
//! when its command was refused unexecuted and is sent once more, and again for a
//! script that is new to the server; a question to a replica may be asked of the
//! primary then. After a failed attempt to connect, calls fail
//! at once for 50 ms, and for twice as long after each further one, up to a second.
//!
//! A call that failed with [`Timeout`](crate::StorageErrorKind::Timeout) or
//! [`Unavailable`](crate::StorageErrorKind::Unavailable) may have taken its units
//! or not. It is not repeated, lest a hit be charged twice; but the client of a
//! cluster sends a command again whose connection broke, and a connection of your
//! own may do as it likes. A hit that is charged twice is admitted once all the same.
//!
//! A charge whose settling failed so may have been settled or not. It is used up.
//!
//! A node of a cluster that hangs is given up after a timeout, when another has
//! taken over. While a slot is being moved to another node, a sliding counter in it
//! can't be decided, since its two keys move one after the other (`TRYAGAIN`).
//!
//! Dropping a future leaves the connection as it is, an attempt to connect to whoever
//! else waits for it, and the hit taken in whole or not at all: a script runs to its
//! end.
//!
//! Redis replicates after it has answered. When a replica takes over, the hits of
//! the last moments before may be forgotten, and as many may pass again.
//!
//! # Panics
//!
//! Calls need a tokio runtime with its I/O and time drivers, and panic without one.
//!
//! # Encryption
//!
//! With the feature `tls`, by rustls, whose provider of cryptography belongs to the
//! process: if there is none yet, making a storage that encrypts installs `ring`'s.
//! Certificates are always verified; name your own authority by `tls_ca_file`.
//!
//! # Large moving windows
//!
//! Python's format has one list entry for each unit: about 18 bytes. One hit may cost
//! at most 1,048,576 units ([`Unsupported`](crate::StorageErrorKind::Unsupported) above
//! that), which keeps the server busy for 0.1 to 0.5 s: give it a longer response
//! timeout, as it needs to settle a hit before which a million others came. A hit of cost 1
//! on a log of a million units takes about 20 µs, one that finds half of them released under
//! 1 ms. Prefer the sliding counter for large
//! amounts.

mod backend;
mod error;
mod keeps;
mod keys;
mod kinds;
mod link;
mod options;
mod reply;
mod reset;
mod script;
mod several;
mod tls;
mod topology;

pub use backend::{RedisBackend, RedisClusterStorage, RedisSentinelStorage, RedisStorage};
pub use kinds::Scripted;
pub use topology::{Cluster, Sentinel, Single, Topology};
