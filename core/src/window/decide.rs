use super::{Charge, Hit, Settled};
use crate::item::Limit;
use crate::time::{Micros, Timestamp};

/// A kind of window: the name of a strategy, as a type without content.
///
/// It is what tells [`Decide`] and [`Keeps`](crate::Keeps) for one strategy from those
/// for another, so that a storage and a strategy that don't fit don't compile.
pub trait Kind: Copy + Send + Sync + 'static {
    /// The strategy's name, such as `fixed-window`.
    fn name(self) -> &'static str;

    /// Whether a refused hit changes something too, as that of an elastic window does.
    fn extends(self) -> bool {
        false
    }
}

/// A state that a storage can keep for a key, and forget once it is over.
pub trait Window: Sized {
    /// The state of a key that was never hit.
    const EMPTY: Self;

    /// Whether the state counts as far as a limit needs; one that does not admits too much.
    #[must_use]
    fn can_hold(_limit: Limit) -> bool {
        true
    }

    /// The first instant at which the state equals [`EMPTY`](Self::EMPTY).
    fn expires_at(&self) -> Timestamp;

    /// Whether the state equals [`EMPTY`](Self::EMPTY) at an instant.
    #[inline(always)]
    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at() <= now
    }

    /// Brings an end that a clock left which has gone back to within a period of now.
    ///
    /// A hit does so for its own window. This is for those that nobody hits any more,
    /// when a storage needs their room.
    fn bring_forward(&mut self, period: Micros, now: Timestamp);
}

/// The arithmetic of a strategy `K` on a window.
///
/// A state may serve several strategies. What every implementation promises:
///
/// - A hit that does not fit takes nothing, and neither does one of 0 units.
/// - [`peek`](Self::peek) and [`acquire`](Self::acquire) agree, at the same instant.
/// - An end further away than [`Hit::latest_end`] was made by a clock that went back,
///   and is taken as that; `acquire` makes it so for good. For a sliding counter and a
///   bucket it is an end more than two periods away.
/// - [`settle`](Self::settle) touches only what the charge's hit took.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the kind of window that `{K}` decides on",
    label = "a storage of such windows can't be used with this strategy",
    note = "`FixedWindow` is for `Fixed` and `Elastic`, `MovingWindow<L>` for `Moving`, \
            `SlidingWindow` for `SlidingCounter`, `GcraWindow` for `Gcra`, `AirtimeWindow<B>` \
            for `Airtime`"
)]
pub trait Decide<K>: Window {
    /// What an answer is worked out from.
    type Usage;

    /// Takes the units, at most the limit's amount, if they fit; tells whether they
    /// did and how the window stands.
    fn acquire(&mut self, hit: Hit) -> (bool, Self::Usage);

    /// How the window stands, for the hit.
    fn peek(&self, hit: Hit) -> Self::Usage;

    /// Makes the window as if the charge's hit had cost `used` units: gives back what
    /// is left of them, or takes more, beyond the limit too. Nothing happens once the
    /// window is over that they were taken from. It tells what it did: less than was asked
    /// for where a bucket holds no more, as [`GcraWindow`](super::GcraWindow) says.
    fn settle(&mut self, charge: &Charge, used: u64, now: Timestamp) -> Settled;
}
