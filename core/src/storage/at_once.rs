//! Several limits in a storage that can lock all their windows.

use super::Ask;
use crate::decision::Decision;
use crate::time::Timestamp;
use crate::window::{Charge, Kind};

/// The windows of several asks, which nobody else sees meanwhile.
pub trait Locked<K: Kind> {
    /// Why a window can't be had.
    type Error;

    /// Whether two asks, by their numbers, are for the same window.
    fn is_same(&self, one: usize, other: usize) -> bool;

    /// Finds out whether the units of an ask and its number would fit.
    ///
    /// # Errors
    ///
    /// There is no such window.
    fn peek(
        &mut self,
        number: usize,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> Result<Decision, Self::Error>;

    /// Takes the units of an ask and its number, if they fit.
    ///
    /// # Errors
    ///
    /// There is no room for the window.
    fn acquire(
        &mut self,
        number: usize,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> Result<Decision, Self::Error>;

    /// Gives back what the ask of a number took just now.
    fn give_back(&mut self, number: usize, ask: Ask<'_, K>, charge: &Charge, now: Timestamp);
}

/// [`Keeps::acquire_all`](super::Keeps::acquire_all) on windows that nobody else sees.
///
/// Asks for the same window are added up: one passes if the units of those before it fit
/// with its own. O(n^2) comparisons.
///
/// # Errors
///
/// A window could not be had. Nothing is taken then, but the end of an elastic window may
/// have moved.
pub fn acquire_at_once<K: Kind, L: Locked<K>>(
    locked: &mut L,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), L::Error> {
    let mut all_fit = true;
    for (number, decision) in decisions.iter_mut().enumerate() {
        let Some(ask) = added_up(locked, asks, number) else {
            break;
        };
        *decision = peeked(locked, number, ask, now)?;
        all_fit &= decision.allowed();
    }
    if all_fit {
        take_all(locked, asks, now, decisions)
    } else {
        refuse_all(locked, asks, now, decisions)
    }
}

/// [`Keeps::peek_all`](super::Keeps::peek_all) on windows that nobody else sees.
///
/// # Errors
///
/// There is no such window.
pub fn peek_at_once<K: Kind, L: Locked<K>>(
    locked: &mut L,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), L::Error> {
    for (number, (ask, decision)) in asks.iter().zip(decisions).enumerate() {
        *decision = peeked(locked, number, *ask, now)?;
    }
    Ok(())
}

fn peeked<K: Kind, L: Locked<K>>(
    locked: &mut L,
    number: usize,
    ask: Ask<'_, K>,
    now: Timestamp,
) -> Result<Decision, L::Error> {
    match ask.hit(now) {
        hit if hit.is_possible() => locked.peek(number, ask, now),
        hit => Ok(Decision::never(hit)),
    }
}

/// An ask with the units of those before it that are for the same window.
fn added_up<'a, K: Kind, L: Locked<K>>(
    locked: &L,
    asks: &[Ask<'a, K>],
    number: usize,
) -> Option<Ask<'a, K>> {
    let (before, rest) = asks.split_at_checked(number)?;
    let ask = rest.first()?;
    let same = before.iter().enumerate();
    let same = same.filter(|(other, _)| locked.is_same(number, *other));
    let cost = same.fold(ask.cost(), |sum, (_, other)| {
        sum.saturating_add(other.cost())
    });
    Some(ask.with_cost(cost))
}

fn take_all<K: Kind, L: Locked<K>>(
    locked: &mut L,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), L::Error> {
    for (number, ask) in asks.iter().enumerate() {
        match locked.acquire(number, *ask, now) {
            Ok(answer) => {
                if let Some(decision) = decisions.get_mut(number) {
                    *decision = answer;
                }
            }
            Err(error) => {
                let taken = asks.iter().zip(decisions).take(number);
                for (number, (ask, decision)) in taken.enumerate() {
                    if let Some(charge) = decision.charge() {
                        locked.give_back(number, *ask, &charge, now);
                    }
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Lets the windows that refuse know: one may be elastic, or an end be too far away.
fn refuse_all<K: Kind, L: Locked<K>>(
    locked: &mut L,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), L::Error> {
    for (number, decision) in decisions.iter_mut().enumerate() {
        let is_refused = !decision.allowed() && decision.retry_at().is_some();
        if let Some(ask) = added_up(locked, asks, number).filter(|_| is_refused) {
            *decision = locked.acquire(number, ask, now)?;
        }
    }
    Ok(())
}
