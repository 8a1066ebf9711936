//! What is special to the memory of a server:
//! shards of tables that grow and shrink, under any keys and with a bound on their number.

mod bound;
mod forgetting;
mod growth;
mod keys;
mod log;
mod model;
mod settling;
mod threads;

use limits::{MemoryStorage, StorageError, StorageErrorKind};
use limits_core::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits_core::{
    Decision, Keeps, ManualClock, Micros, RateLimiter, Storage, Timestamp, poll_once,
};

const MINUTE: Micros = Micros::from_secs(60);
const MICROSECOND: Micros = Micros::from_micros(1);

type Limiter<K, S = MemoryStorage> = RateLimiter<K, S, ManualClock>;

/// A storage of every kind of window.
trait Windows:
    Storage<Error = StorageError>
    + Keeps<Fixed>
    + Keeps<Elastic>
    + Keeps<Moving>
    + Keeps<SlidingCounter>
    + Keeps<Gcra>
{
}

impl<S> Windows for S where
    S: Storage<Error = StorageError>
        + Keeps<Fixed>
        + Keeps<Elastic>
        + Keeps<Moving>
        + Keeps<SlidingCounter>
        + Keeps<Gcra>
{
}

/// Calls a check for every strategy: `on_every_strategy!(check(arguments…))`.
macro_rules! on_every_strategy {
    ($check:ident $arguments:tt) => {{
        $crate::on_every_window!($check $arguments);
        $check::<limits_core::window::Gcra>$arguments;
    }};
}
use on_every_strategy;

/// Calls a check for every strategy whose units are kept for a period, one that is not
/// used to the end too: a bucket is full again before.
macro_rules! on_every_window {
    ($check:ident $arguments:tt) => {{
        use limits_core::window::{Elastic, Fixed, Moving, SlidingCounter};
        $check::<Fixed>$arguments;
        $check::<Elastic>$arguments;
        $check::<Moving>$arguments;
        $check::<SlidingCounter>$arguments;
    }};
}
use on_every_window;

/// Calls a check with an empty storage behind each kind of handle.
macro_rules! on_every_handle {
    ($check:ident) => {
        $check(limits::MemoryStorage::new());
        $check(std::sync::Arc::new(limits::MemoryStorage::new()));
        $check(limits::storage_from_string("memory://").expect("a well-formed URI"));
    };
}
use on_every_handle;

fn limiter<K: Kind + Default, S: Keeps<K>>(storage: S) -> Limiter<K, S> {
    RateLimiter::with_clock(storage, ManualClock::new(Timestamp::from_secs(1_000)))
}

fn done<T>(call: impl Future<Output = T>) -> T {
    poll_once(call).expect("memory never waits")
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    let ids = numbers.into_iter().map(|number| format!("user-{number}"));
    ids.collect()
}

#[track_caller]
fn assert_passes(hit: Result<Decision, StorageError>) {
    assert!(hit.as_ref().is_ok_and(Decision::allowed), "{hit:?}");
}

fn is_full(hit: &Result<Decision, StorageError>) -> bool {
    hit.as_ref()
        .is_err_and(|error| error.kind() == StorageErrorKind::Full)
}

#[track_caller]
fn assert_full(hit: Result<Decision, StorageError>) {
    assert!(is_full(&hit), "{hit:?}");
}

/// Tells how many keys a storage holds, and empties it.
fn held(storage: &impl Storage<Error = StorageError>) -> u64 {
    done(storage.reset()).expect("a reset needs no room")
}
