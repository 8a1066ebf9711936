use limits_core::storage::peek_in_turn;
use limits_core::window::{Charge, Hit, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Timestamp};
use mongodb::bson::doc;

use super::backend::MongoDbStorage;
use super::change::Change;
use super::error::Failure;
use super::found::Found;
use super::kinds::{Recipe, Stored, Swap};
use crate::error::{StorageError, StorageErrorKind};

/// How often an operation is sent that others come between.
pub(super) const ATTEMPTS: u32 = 16;

impl<K: Stored> Keeps<K> for MongoDbStorage {
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let recipe = ask.kind().recipe();
        let hit = self.counted(recipe, ask.hit(now))?;
        let id = recipe.id(ask.key());
        let decision = if hit.cost() == 0 {
            self.find(recipe, id, hit).await
        } else {
            self.take(recipe, id, hit).await
        };
        decision.map_err(|failure| self.error(failure))
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let recipe = ask.kind().recipe();
        let hit = self.counted(recipe, ask.hit(now))?;
        let decision = self.find(recipe, recipe.id(ask.key()), hit).await;
        decision.map_err(|failure| self.error(failure))
    }

    /// One round trip; for GCRA two, and two more each time that somebody else changed the
    /// bucket in between, at most 32.
    async fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        _now: Timestamp,
    ) -> Result<Settled, StorageError> {
        if used == charge.cost() {
            return Ok(Settled::NOTHING);
        }
        let recipe = kind.recipe();
        let more = used.saturating_sub(charge.cost());
        self.bounded(recipe, more.min(charge.limit().amount()))?;
        let id = recipe.id(key);
        let settled = match recipe.swap() {
            Some(swap) => self.swap(recipe, swap, id, &charge, used).await,
            None => self.correct(recipe, id, &charge, used).await,
        };
        settled.map_err(|failure| self.error(failure))
    }

    /// One round trip for each question, one for each hit, and one to commit the transaction;
    /// on a server that has none, in turn.
    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        self.acquire_together(asks, now, decisions).await
    }

    /// One round trip for each.
    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        peek_in_turn(self, asks, now, decisions).await
    }
}

impl MongoDbStorage {
    /// The hit that is decided on, if its cost can be counted, or is never asked for.
    pub(super) fn counted(&self, recipe: &dyn Recipe, hit: Hit) -> Result<Hit, StorageError> {
        if hit.is_possible() {
            self.bounded(recipe, hit.cost())?;
        }
        let most = recipe.most_amount();
        if hit.limit().amount() > most && hit.cost() > 0 {
            let reason = format!("a window of this kind holds at most {most} units");
            return Err(self.unsupported(reason));
        }
        Ok(recipe.counted(hit))
    }

    fn bounded(&self, recipe: &dyn Recipe, cost: u64) -> Result<(), StorageError> {
        let most = recipe.most_cost();
        if cost <= most {
            return Ok(());
        }
        let reason = format!("a hit on this window costs at most {most} units");
        Err(self.unsupported(reason))
    }

    fn unsupported(&self, reason: String) -> StorageError {
        StorageError::new(StorageErrorKind::Unsupported, &self.backend, reason)
    }

    async fn take(&self, recipe: &dyn Recipe, id: String, hit: Hit) -> Result<Decision, Failure> {
        let collection = self.link.collection(recipe.place()).await?;
        let change = Change::of_hit(recipe, id, hit);
        let found = self.link.bounded(change.made_in(collection)).await?;
        taken(recipe, hit, &Found::new(found.unwrap_or_default()))
    }

    async fn find(&self, recipe: &dyn Recipe, id: String, hit: Hit) -> Result<Decision, Failure> {
        let found = self.found(recipe, id, hit).await?;
        let Some(usage) = recipe.usage(&found, hit) else {
            return Err(clash());
        };
        let decision = Decision::test(hit, usage);
        if decision.allowed() {
            return Ok(decision);
        }
        Ok(Decision::hit(false, hit, recipe.refused(usage, hit)))
    }

    /// What is stored, nothing if nothing is.
    async fn found(&self, recipe: &dyn Recipe, id: String, hit: Hit) -> Result<Found, Failure> {
        let collection = self.link.bare_collection(recipe.place()).await?;
        let (filter, shown) = (doc! { "_id": id }, recipe.shown(hit));
        let work = async move { collection.find_one(filter).projection(shown).await };
        Ok(Found::new(
            self.link.bounded(work).await?.unwrap_or_default(),
        ))
    }

    /// Settles by one change of the document.
    async fn correct(
        &self,
        recipe: &dyn Recipe,
        id: String,
        charge: &Charge,
        used: u64,
    ) -> Result<Settled, Failure> {
        let collection = self.link.collection(recipe.place()).await?;
        let change = Change {
            filter: doc! { "_id": id },
            becomes: recipe.settled(charge, used),
            shown: recipe.charged(charge),
            inserts: false,
        };
        let found = self.link.bounded(change.made_in(collection)).await?;
        let Some(found) = found.map(Found::new) else {
            return Ok(Settled::NOTHING);
        };
        let settled = recipe.settling(&found, charge, used);
        settled.ok_or_else(clash)
    }

    /// Settles what was read, and puts it in its place, if nobody else did meanwhile.
    async fn swap(
        &self,
        recipe: &dyn Recipe,
        swap: Swap,
        id: String,
        charge: &Charge,
        used: u64,
    ) -> Result<Settled, Failure> {
        let nothing = Hit::new(charge.limit(), 0, Timestamp::ZERO);
        for _ in 0..ATTEMPTS {
            let found = self.found(recipe, id.clone(), nothing).await?;
            let Some((settled, mut filter, becomes)) = swap(&found, charge, used) else {
                return Err(clash());
            };
            if settled == Settled::NOTHING {
                return Ok(settled);
            }
            filter.insert("_id", &id);
            let collection = self.link.collection(recipe.place()).await?;
            let work = async move { collection.update_one(filter, becomes).await };
            if self.link.bounded(work).await?.matched_count == 1 {
                return Ok(settled);
            }
        }
        let reason = format!("others changed the window {ATTEMPTS} times meanwhile");
        Err(Failure::new(StorageErrorKind::Contended, reason))
    }
}

/// The answer to a hit, of the document as it is after it.
pub(super) fn taken(recipe: &dyn Recipe, hit: Hit, found: &Found) -> Result<Decision, Failure> {
    let (Some(fits), Some(usage)) = (found.is_acquired(), recipe.usage(found, hit)) else {
        return Err(clash());
    };
    let usage = if fits {
        usage
    } else {
        recipe.refused(usage, hit)
    };
    let decision = Decision::hit(fits, hit, usage);
    Ok(match recipe.mark(found, hit).filter(|_| fits) {
        Some(mark) => decision.with_mark(mark),
        None => decision,
    })
}

/// The document is not one of such windows.
fn clash() -> Failure {
    let message = "the document under the key does not hold the state of such a limit: the \
                   moving window and the sliding counter of one item share a document, so \
                   put one of them under another namespace";
    Failure::new(StorageErrorKind::Corrupt, message)
}
