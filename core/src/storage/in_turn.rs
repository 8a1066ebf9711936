//! Several limits in a storage that decides on one at a time.

use super::{Ask, Keeps};
use crate::decision::Decision;
use crate::time::Timestamp;
use crate::window::Kind;

/// [`Keeps::acquire_all`] by one question for each ask and, if all would pass, one hit
/// for each. What was taken is given back when a later hit is refused, since somebody
/// else came between.
///
/// Asks of one kind for the same key are added up, as one key if both are made alike: from
/// texts, or from items and identifiers. One more hit tells each window that refuses, since
/// it may be elastic.
///
/// That never admits too much. Meanwhile somebody else may be refused for units that are
/// given back, and the end of an elastic window stays where the hit moved it. Dropping the
/// future may leave some of the units taken, as an error can.
///
/// # Errors
///
/// The storage's.
pub async fn acquire_in_turn<K: Kind, S: Keeps<K> + Sync>(
    storage: &S,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), S::Error> {
    if would_all_pass(storage, asks, now, decisions).await? {
        take_all(storage, asks, now, decisions).await
    } else {
        Ok(())
    }
}

/// The first half of [`acquire_in_turn`], for a storage that then takes the units of all asks
/// by a way of its own: whether all would pass. If not, nothing is taken, and `decisions` are
/// the answers.
///
/// # Errors
///
/// The storage's.
pub async fn would_all_pass<K: Kind, S: Keeps<K> + Sync>(
    storage: &S,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<bool, S::Error> {
    let mut all_fit = true;
    for (number, decision) in decisions.iter_mut().enumerate() {
        let Some(ask) = added_up(asks, number) else {
            break;
        };
        *decision = peeked(storage, ask, now).await?;
        all_fit &= decision.allowed();
    }
    if !all_fit {
        refuse_all(storage, asks, now, decisions).await?;
    }
    Ok(all_fit)
}

/// An ask with the units of those before it that are for the same window.
fn added_up<'a, K: Kind>(asks: &[Ask<'a, K>], number: usize) -> Option<Ask<'a, K>> {
    let (before, rest) = asks.split_at_checked(number)?;
    let ask = rest.first()?;
    let is_same = |other: &&Ask<'a, K>| {
        other.kind().name() == ask.kind().name() && other.key().is_like(&ask.key())
    };
    let same = before.iter().filter(is_same);
    let cost = same.fold(ask.cost(), |sum, other| sum.saturating_add(other.cost()));
    Some(ask.with_cost(cost))
}

async fn peeked<K: Kind, S: Keeps<K> + Sync>(
    storage: &S,
    ask: Ask<'_, K>,
    now: Timestamp,
) -> Result<Decision, S::Error> {
    match ask.hit(now) {
        hit if hit.is_possible() => storage.peek(ask, now).await,
        hit => Ok(Decision::never(hit)),
    }
}

/// Lets the windows that refuse know: one may be elastic, or an end be too far away. What
/// would pass by now is given back, and its refusal stands.
async fn refuse_all<K: Kind, S: Keeps<K> + Sync>(
    storage: &S,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), S::Error> {
    for (number, decision) in decisions.iter_mut().enumerate() {
        let is_refused = !decision.allowed() && decision.retry_at().is_some();
        let Some(ask) = added_up(asks, number).filter(|_| is_refused) else {
            continue;
        };
        let answer = storage.acquire(ask, now).await?;
        if !answer.allowed() {
            *decision = answer;
        } else if let Some(charge) = answer.charge() {
            storage
                .settle(ask.kind(), ask.key(), charge, 0, now)
                .await?;
        }
    }
    Ok(())
}

async fn take_all<K: Kind, S: Keeps<K> + Sync>(
    storage: &S,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), S::Error> {
    for (number, ask) in asks.iter().enumerate() {
        let answer = storage.acquire(*ask, now).await;
        let is_taken = answer.as_ref().is_ok_and(Decision::allowed);
        if let (Ok(answer), Some(decision)) = (&answer, decisions.get_mut(number)) {
            *decision = *answer;
        }
        if !is_taken {
            let (taken, _) = decisions.split_at_mut_checked(number).unwrap_or_default();
            give_back(storage, asks, now, taken).await?;
            return answer.map(drop);
        }
    }
    Ok(())
}

async fn give_back<K: Kind, S: Keeps<K> + Sync>(
    storage: &S,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    taken: &mut [Decision],
) -> Result<(), S::Error> {
    for (ask, decision) in asks.iter().zip(taken) {
        if let Some(charge) = decision.charge() {
            storage
                .settle(ask.kind(), ask.key(), charge, 0, now)
                .await?;
        }
        *decision = storage.peek(*ask, now).await?;
    }
    Ok(())
}

/// [`Keeps::peek_all`] by one question for each ask.
///
/// # Errors
///
/// The storage's.
pub async fn peek_in_turn<K: Kind, S: Keeps<K> + Sync>(
    storage: &S,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), S::Error> {
    for (ask, decision) in asks.iter().zip(decisions) {
        *decision = peeked(storage, *ask, now).await?;
    }
    Ok(())
}
