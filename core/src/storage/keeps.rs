use super::Ask;
use crate::decision::Decision;
use crate::key::Key;
use crate::time::Timestamp;
use crate::window::{Charge, Kind, Settled};

/// A place that keeps the state of limits.
///
/// Implementers may write the methods as `async fn`.
pub trait Storage {
    /// Why a call can fail. A refused hit is never an error.
    type Error: core::error::Error + Send + Sync + 'static;

    /// The largest amount that a counter of the storage can hold.
    const MOST_UNITS: u64 = u64::MAX;

    /// Whether every call is done when its future is first polled.
    const IS_IMMEDIATE: bool = false;

    /// Finds out whether the storage can be reached and answers.
    fn check(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Forgets all keys and tells how many there were.
    fn reset(&self) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Forgets every window of `key`.
    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A storage that keeps windows of kind `K`.
///
/// Implementers may write the methods as `async fn`. The [module](crate::storage) says
/// what each implementation promises, and has examples.
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no windows of the kind `{K}`",
    label = "this storage can't be used with this strategy",
    note = "a table of fixed capacity keeps the one kind it was made for: `FixedWindow` for \
            `Fixed` and `Elastic`, `MovingWindow<FixedLog<L>>` for `Moving`, `SlidingWindow` for \
            `SlidingCounter`, `GcraWindow<u64>` for `Gcra`, `AirtimeWindow<B>` for `Airtime`"
)]
pub trait Keeps<K: Kind>: Storage {
    /// Takes the units, at most the limit's amount, if they fit.
    fn acquire(
        &self,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, Self::Error>> + Send;

    /// Finds out whether the units, at most the limit's amount, would fit.
    fn peek(
        &self,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, Self::Error>> + Send;

    /// Makes the window of `key` as if the hit of `charge` had cost `used` units.
    ///
    /// Nothing happens once the window is over that they were taken from. A call that
    /// fails may have settled the charge or not.
    fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Settled, Self::Error>> + Send;

    /// Takes the units of every ask, or of none, and writes what each window answers
    /// to `decisions`, of which there are as many as asks.
    ///
    /// When one is refused, nothing is taken, and each of the others says whether it
    /// would have passed; an elastic window's end moves only if it refuses itself. A
    /// storage that can't decide at once does so [in turn](crate::storage::acquire_in_turn).
    fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Finds out for every ask whether its units would fit by themselves, and writes
    /// the answers to `decisions`.
    fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
