//! Several limits in a storage that decides on one at a time.

use super::{Ask, Keeps};
use crate::decision::Decision;
use crate::time::Timestamp;
use crate::window::Kind;

/// [`Keeps::acquire_all`] by one question for each ask and, if all would pass, one hit
/// for each. What was taken is given back when a later hit is refused, since somebody
/// else came between.
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
    storage.peek_all(asks, now, decisions).await?;
    if !decisions.iter().all(Decision::allowed) {
        return Ok(());
    }
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
        let hit = ask.hit(now);
        *decision = if hit.is_possible() {
            storage.peek(*ask, now).await?
        } else {
            Decision::never(hit)
        };
    }
    Ok(())
}
