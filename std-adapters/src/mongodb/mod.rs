//! Counters in MongoDB: one server, a replica set, or a sharded cluster.
//!
//! | | |
//! |---|---|
//! | round trips | one for each `hit`, `test`, `get_window_stats` and `settle`; two to settle in a GCRA bucket and to `clear`; several limits in a transaction or in turn, see below; two more before the first hit, for the indexes |
//! | commands | `findAndModify` with a pipeline, `find`, `createIndexes`; `update` to settle in a GCRA bucket, `delete` to clear, `aggregate` and `drop` to reset, `ping` to check |
//! | rights | `find`, `insert`, `update`, `remove` and `createIndex` on the two collections, `dropCollection` to reset: the role `readWrite` has them all |
//! | servers | MongoDB 4.4 or newer (tested on 6.0) |
//! | clock | the server's, in steps of a millisecond: those of the clients may differ |
//! | counts | up to 2^53 - 1 units, exactly; a limit above that counts up to there, in every number of an answer. A moving window holds up to 524,288 units ([`Unsupported`](crate::StorageErrorKind::Unsupported) above that), which a document has room for |
//! | periods | up to 142 years; longer ones are of that length |
//! | clients | of the crate `mongodb` 3.x, on tokio |
//!
//! # Shared with Python
//!
//! Documents are those of Python `limits` 5.8, in the database `limits` unless the storage
//! is told otherwise, so services in both languages share their counters. The name of a
//! document is the key, without a prefix:
//!
//! | window | collection | document | is over |
//! |---|---|---|---|
//! | fixed, elastic | `counters` | `{ _id, count, expireAt }` | at the end of the window |
//! | moving | `windows` | `{ _id, entries, expireAt }`: the instants of its units in seconds, newest first | a period after the last hit |
//! | sliding counter | `windows` | `{ _id, previousCount, currentCount, expireAt }` | at the end of the next window |
//! | GCRA, which Python has not | `windows` | `{ _id, fullAt, short, given, expireAt }` under `<key>/gcra` | when the bucket is full |
//!
//! The field `_acquired`, in every one of them, says whether the last hit was admitted: the
//! answer of an operation is read from it. Python has it in sliding counters.
//!
//! A moving window and a sliding counter of one item and identifier share a document, as
//! they do in Python: whoever comes second, before the other's window is over, gets an error
//! of kind [`Corrupt`](crate::StorageErrorKind::Corrupt) that says so, and changes nothing.
//!
//! A bucket is full again at the microsecond `fullAt` of the server's clock, but sooner by
//! `short` parts of a microsecond of which the limit's amount make a whole, so that nothing
//! is ever rounded. `given` counts the units that were given back since the bucket was last
//! full, modulo 2^53, from a number on that tells this time from others.
//!
//! An index on `expireAt` lets the server delete documents that are over, about once a
//! minute; until then they are read as untouched. It is made by the first hit of each
//! storage, and again by its `reset`. A reset by Python's drops it: storages that were in use
//! before don't notice.
//!
//! # Clocks
//!
//! All is decided by `$$NOW` of the server that is written to, in whole milliseconds, and
//! instants in answers are rounded up to these: who comes back after `retry_after` is not too
//! early. Periods of fixed windows and sliding counters are rounded up to whole milliseconds.
//!
//! The server reads its clock when an operation comes in, and operations on one document wait
//! for each other, so one may be decided by a clock that is behind that of the one before.
//! It is taken for that if it is behind by 100 ms at most: a moving window goes by the later
//! of the two. A clock that is further behind went back, or belongs to another primary. An end
//! that is further away than a period (of a sliding counter, two) is then taken as that far,
//! and the next hit puts it there, a refused one too. What a moving window holds of the
//! future counts as taken now.
//!
//! # Several limits
//!
//! On a replica set and a sharded cluster all are asked, and then hit in one transaction: two
//! round trips for each and one more, all or none. When others come between 16 times, and on
//! a server of its own, which has no transactions, they are asked and hit
//! [in turn](limits_core::storage::acquire_in_turn): too much is never admitted, but others
//! may be refused for units that are given back a moment later, and a future that is dropped
//! may leave some of the limits charged.
//!
//! # Settling
//!
//! Units are given back or taken in the window that the hit took them from, which its charge
//! names by the server's clock, and never in another. Hits of one millisecond are alike in a
//! moving window. A GCRA bucket is read, settled by the core and put back if nobody changed
//! it meanwhile; after 16 attempts the error is of kind
//! [`Contended`](crate::StorageErrorKind::Contended).
//!
//! # Failures
//!
//! The client is made by the first call, in whose runtime it lives. A call waits for a server
//! that can be written to at most for the connect timeout (one second), and for all of it at
//! most for both timeouts together (1.5 s): the first one of a storage so long for each of
//! its round trips. There is no quick failure while no server is found. An operation runs as
//! a task of its own, so dropping a call's future leaves the hit to be taken.
//!
//! A call that failed with [`Timeout`](crate::StorageErrorKind::Timeout) or
//! [`Unavailable`](crate::StorageErrorKind::Unavailable) may have taken its units or not. In
//! a replica set the driver sends it once more if the connection broke or the primary stepped
//! down, and the server does it once all the same (`retryWrites`, which is on by default);
//! a server that stands alone can't tell, so there nothing is sent twice. First hits that
//! come together may get in each other's way: they are sent up to 16 times.
//!
//! What a replica set has not yet copied to a majority is lost when the primary fails. By
//! default a hit is answered after that (`w=majority`), so nothing that was answered is lost.
//! With `w=1` hits are answered sooner, and as many as came in the last moments may pass
//! again. A server that stands alone writes its journal every 100 ms: what came in between is
//! lost when it is killed, unless the URI has `journal=true`.
//!
//! Reads are of the primary unless the URI has a `readPreference`, and may be behind then.
//!
//! Errors quote neither what the server says nor the driver, which quote commands and with
//! them identifiers: they have the code and its name.
//!
//! # Panics
//!
//! Calls need a tokio runtime with its I/O and time drivers, and panic without one.
//!
//! # Encryption
//!
//! The driver always has it, by rustls and `ring`: `mongodb+srv` and the option `tls` turn it
//! on, `tlsCAFile` and `tlsCertificateKeyFile` name files.
//!
//! # Large moving windows
//!
//! Python's format has one list entry for each unit, and every hit goes through all of them:
//! O(amount). Prefer the sliding counter for large amounts.

mod backend;
mod change;
mod error;
mod expression;
mod found;
mod keeps;
mod kinds;
mod link;
mod options;
mod together;

pub use backend::MongoDbStorage;
pub use kinds::Stored;
