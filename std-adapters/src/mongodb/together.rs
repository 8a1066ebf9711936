//! Several limits in one transaction, where the servers have any.

use core::sync::atomic::Ordering;
use core::time::Duration;

use limits_core::storage::{acquire_in_turn, would_all_pass};
use limits_core::window::Hit;
use limits_core::{Ask, Decision, Keeps, Timestamp};
use mongodb::bson::Document;
use mongodb::error::{Error, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::{Client, ClientSession, Collection};
use tokio::time::sleep;

use super::backend::MongoDbStorage;
use super::change::Change;
use super::error::{has_no_transactions, is_passing};
use super::found::Found;
use super::keeps::{ATTEMPTS, taken};
use super::kinds::{Recipe, Stored};
use crate::error::StorageError;
use crate::random::pause;

/// How often it is asked whether a transaction was done.
const COMMITS: usize = 3;

/// Half of the longest pause after the first transaction that others came between; it doubles…
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// …so many times.
const DOUBLINGS: u32 = 5;

/// A hit that takes units, and its number among the asks.
struct Part {
    number: usize,
    recipe: &'static dyn Recipe,
    hit: Hit,
}

/// What a transaction changes, in order.
type Changes = Vec<(Change, Collection<Document>)>;

enum Outcome {
    /// The documents, as they are now.
    Done(Vec<Found>),
    /// Somebody else was first: nothing is changed.
    CameBetween,
}

impl MongoDbStorage {
    pub(super) async fn acquire_together<K: Stored>(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        for attempt in 0..ATTEMPTS {
            if !self.link.has_transactions.load(Ordering::Relaxed) {
                break;
            }
            if attempt > 0 {
                sleep(pause(FIRST_PAUSE, DOUBLINGS, attempt)).await;
            }
            let is_done = !would_all_pass(self, asks, now, decisions).await?
                || self.take_all(asks, now, decisions).await?;
            if is_done {
                return Ok(());
            }
        }
        acquire_in_turn(self, asks, now, decisions).await
    }

    /// Takes the units of all asks in one transaction; tells whether it did.
    async fn take_all<K: Stored>(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<bool, StorageError> {
        let (mut parts, mut changes) = (Vec::new(), Changes::new());
        for (number, ask) in asks.iter().enumerate() {
            let recipe = ask.kind().recipe();
            let hit = self.counted(recipe, ask.hit(now))?;
            if hit.cost() == 0 {
                decisions[number] = self.peek(*ask, now).await?;
                continue;
            }
            let collection = self.link.collection(recipe.place()).await;
            let collection = collection.map_err(|failure| self.error(failure))?;
            let change = Change::of_hit(recipe, recipe.id(ask.key()), hit);
            parts.push(Part {
                number,
                recipe,
                hit,
            });
            changes.push((change, collection));
        }
        let Some(documents) = self.transaction(changes).await? else {
            return Ok(false);
        };
        for (part, found) in parts.into_iter().zip(documents) {
            let decision = taken(part.recipe, part.hit, &found);
            decisions[part.number] = decision.map_err(|failure| self.error(failure))?;
        }
        Ok(true)
    }

    /// Makes all changes, or none: `None` if a window refuses by now, others came between,
    /// or the server has no transactions.
    async fn transaction(&self, changes: Changes) -> Result<Option<Vec<Found>>, StorageError> {
        let client = self.link.client().await;
        let client = client.map_err(|failure| self.error(failure))?.clone();
        let work = async move {
            match make_all(&client, &changes).await {
                Ok(Outcome::Done(documents)) => Ok((true, Some(documents))),
                Ok(Outcome::CameBetween) => Ok((true, None)),
                Err(error) if has_no_transactions(&error) => Ok((false, None)),
                Err(error) => Err(error),
            }
        };
        let made = self.link.bounded(work).await;
        let (has_transactions, documents) = made.map_err(|failure| self.error(failure))?;
        self.link
            .has_transactions
            .store(has_transactions, Ordering::Relaxed);
        Ok(documents)
    }
}

async fn make_all(client: &Client, changes: &Changes) -> Result<Outcome, Error> {
    let mut session = client.start_session().await?;
    session.start_transaction().await?;
    let mut documents = Vec::with_capacity(changes.len());
    for (change, collection) in changes {
        let made = change.made_within(&mut session, collection).await;
        match made.map(|document| Found::new(document.unwrap_or_default())) {
            Ok(found) if found.is_acquired() == Some(true) => documents.push(found),
            Ok(_) => return abort(session, Ok(Outcome::CameBetween)).await,
            Err(error) if came_between(&error) => {
                return abort(session, Ok(Outcome::CameBetween)).await;
            }
            Err(error) => return abort(session, Err(error)).await,
        }
    }
    let mut commits = 1;
    loop {
        match session.commit_transaction().await {
            Ok(()) => return Ok(Outcome::Done(documents)),
            Err(error) if came_between(&error) => return Ok(Outcome::CameBetween),
            Err(error) if is_unknown(&error) && commits < COMMITS => commits += 1,
            Err(error) => return Err(error),
        }
    }
}

/// A transaction that can't be aborted ends by itself.
async fn abort(
    mut session: ClientSession,
    outcome: Result<Outcome, Error>,
) -> Result<Outcome, Error> {
    let _ = session.abort_transaction().await;
    outcome
}

fn came_between(error: &Error) -> bool {
    error.contains_label(TRANSIENT_TRANSACTION_ERROR) || is_passing(error)
}

fn is_unknown(error: &Error) -> bool {
    error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
}
