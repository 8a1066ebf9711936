//! Counters in memcached: one server, or several that keys are spread over.
//!
//! | | |
//! |---|---|
//! | round trips | two for each `hit` that takes units and for each settlement, three for the one that begins a fixed window; one for each `test`, `get_window_stats` and refused `hit`; one more for a fixed window that Python began. Two more each time that another process came between, at most 32 times. Calls of one process for one key that wait go together, in as many as one would take |
//! | several limits | in turn: one question and one hit for each; given back if a later one is refused. Meanwhile another caller may be refused for units that are given back; never too much is admitted |
//! | commands | meta commands: `mg`, `ms`, `md` and `mn`; `set` to log in |
//! | servers | memcached 1.6 or newer (tested on 1.6.18), not encrypted; with users (`memcached -Y`), those of the URI |
//! | clock | the wall time of the host of each caller, see below |
//! | counts | up to 2^64 - 1 units |
//! | moving windows | an item holds about 100,000 units taken at different instants (`memcached -I`); what is larger is an error of kind [`Full`](crate::StorageErrorKind::Full) |
//! | clients | of this crate, on tokio: one connection to each server, which all calls share |
//!
//! # Shared with Python
//!
//! Names and values are those of Python `limits` 5.8, so services in both languages share
//! their fixed windows and sliding counters:
//!
//! | window | name | value | flags | expires |
//! |---|---|---|---|---|
//! | fixed, elastic | `<key>` | integer | low bits of the end, see below | up to 2 s after the end |
//! | …its end, for Python | `<key>/expires` | decimal seconds | 0 | with the counter |
//! | sliding counter | `<key>/<number of the period since the Unix epoch>` | integer | a number of its own | up to 2 s after the next period |
//! | moving, which Python has not | `<key>/moving` | the core's bytes | 0 | up to 2 s after the last unit is released |
//! | GCRA, which Python has not | `<key>/gcra` | the core's bytes | 0 | up to 2 s after the bucket is full |
//!
//! - The flags of a counter are the low 31 bits of its end in microseconds, and the highest
//!   bit, so that count and end change at once. Python leaves them as they are. Of a counter
//!   that Python made, whose flags are 0, the end is what is under the other name or, before
//!   Python has written that, as far away as the server's time of life.
//! - Sliding counters go by periods that begin when they do, not with the first hit, as in
//!   Python. A counter's flags tell it from one that was made after a `clear`.
//! - The core's bytes are a version, a number of the kind, and the window as
//!   [`WindowBytes`](crate::window::WindowBytes) writes it, by a clock that begins at the
//!   Unix epoch.
//! - A name that servers don't take is `limits#` and its SHA-256 in hexadecimal: one with a
//!   space, a control character, a character beyond ASCII, or of more than 250 bytes. No text
//!   can be a command.
//! - Python's clients place keys on several servers each in a way of its own: [`Placement`].
//!
//! # Clocks
//!
//! Servers tell no time, so each attempt decides by the wall time of its host at that
//! moment. Between hosts whose clocks are apart a window is over on one sooner than on the
//! other, by so much: keep them in step. An end that is further away than a period (two for
//! sliding counters and buckets) is taken as that. Servers forget windows by their own
//! clock; for periods above 30 days that must be right to a few minutes.
//!
//! # Failures
//!
//! | what | kind of the error |
//! |---|---|
//! | no connection within the connect timeout, or none at all | `Timeout`, `Unavailable` |
//! | no answer within the response timeout | `Timeout`: the hit may count or not |
//! | the connection is lost meanwhile | `Unavailable`: likewise |
//! | other processes came between 32 times | `Contended` |
//! | what is stored is no counter | `Corrupt` |
//! | a window is too large for an item, or the server out of memory | `Full` |
//! | wrong user, an older server, no memcached at all | `Configuration` |
//!
//! The next call connects anew. A server that is restarted has forgotten everything, as it
//! has what it evicts: a full server forgets first what was used least recently. The keys of
//! one that is gone are not counted elsewhere; calls for them fail. `reset` is unsupported:
//! servers can't tell these keys from others. `clear` deletes all windows of a key; for a
//! key that is only text, and does not end with a limit as items write it, all but sliding
//! counters.

mod error;
mod forms;
mod names;
mod node;
mod placement;
mod protocol;
mod store;

pub use placement::Placement;
pub use store::{Memcached, MemcachedStorage};

pub(crate) use store::{SCHEMES, from_uri};
