//! Carries out requests, one after the other, on one storage.

use core::time::Duration;
use std::io;

use limits::{
    AnyStorage, Decision, Storage, StorageError, StorageErrorKind, WaitError, WaitingRateLimiter,
};

use super::answer::Answer;
use super::operation::{Operation, Subject};
use super::problem::Problem;
use super::request::{Defaults, Request};
use super::reservations::{Reservation, Reservations};

/// A storage, and what can be asked of it.
#[derive(Debug)]
pub(crate) struct Engine {
    storage: AnyStorage,
    reservations: Reservations,
}

impl Engine {
    pub(crate) fn new(storage: AnyStorage) -> Self {
        Self {
            storage,
            reservations: Reservations::default(),
        }
    }

    /// Answers one line of JSON with another, without its line end; a wrong one with an error.
    pub(crate) async fn answer(&mut self, line: &[u8], defaults: &Defaults) -> io::Result<String> {
        let Request { id, op, operation } = Request::read(line, defaults);
        let answer = match operation {
            Ok(operation) => {
                let answer = self.perform(operation).await;
                answer.unwrap_or_else(|error| Answer::failed(&error))
            }
            Err(problem) => Answer::from(problem),
        };
        answer.to_json(op, id)
    }

    /// Does what is asked for.
    pub(crate) async fn perform(&mut self, operation: Operation) -> Result<Answer, StorageError> {
        match operation {
            Operation::Hit(subject, None) => self.hit(&subject).await.map(|(answer, _)| answer),
            Operation::Hit(subject, Some(name)) => self.reserve(subject, name).await,
            Operation::Test(subject) => self.test(&subject).await,
            Operation::Stats(subject) => self.stats(&subject).await,
            Operation::Clear(subject) => self.clear(&subject).await,
            Operation::Settle { reserve, used } => self.settle(&reserve, used).await,
            Operation::Check => self.storage.check().await.map(|()| Answer::DONE),
            Operation::Reset => self.storage.reset().await.map(Answer::deleted),
            Operation::Sleep(time) => {
                tokio::time::sleep(time).await;
                Ok(Answer::DONE)
            }
        }
    }

    /// Waits for the turn of a hit, or answers at once that it won't come in time.
    pub(crate) async fn turn(
        &self,
        subject: &Subject,
        within: Duration,
    ) -> Result<Answer, StorageError> {
        let limiter = WaitingRateLimiter::new(self.storage.limiter(subject.strategy)?);
        let (items, ids) = (subject.items(), subject.ids());
        let asks = subject.asks(&items, &ids, subject.cost);
        let answer = limiter.until_ready_all(&asks, within).await;
        let decisions = match &answer {
            Ok(waited) => Some(waited.decision()),
            Err(error) => error.decision(),
        };
        match (decisions, items.as_slice()) {
            (Some(decisions), [_]) => Ok(decisions.binding().map_or(Answer::DONE, Answer::of_one)),
            (Some(decisions), items) => Ok(Answer::of_several(items, decisions)),
            (None, _) => Err(failure(answer)),
        }
    }

    async fn hit(&self, subject: &Subject) -> Result<(Answer, Vec<Decision>), StorageError> {
        let limiter = self.storage.limiter(subject.strategy)?;
        let (items, ids) = (subject.items(), subject.ids());
        if let [item] = items.as_slice() {
            let decision = limiter.hit(item, ids.as_slice(), subject.cost).await?;
            return Ok((Answer::of_one(&decision), vec![decision]));
        }
        let asks = subject.asks(&items, &ids, subject.cost);
        let decisions = limiter.hit_all(asks.as_slice()).await?;
        let answer = Answer::of_several(&items, &decisions);
        Ok((answer, decisions.as_slice().to_vec()))
    }

    async fn reserve(&mut self, subject: Subject, name: String) -> Result<Answer, StorageError> {
        if let Err(problem) = self.reservations.check(&name) {
            return Ok(Answer::from(problem));
        }
        let (answer, decisions) = self.hit(&subject).await?;
        if !answer.refuses() {
            let charges = decisions.iter().map(Decision::charge).collect();
            let reservation = Reservation { subject, charges };
            self.reservations.keep(name, reservation);
        }
        Ok(answer)
    }

    async fn settle(&mut self, name: &str, used: u64) -> Result<Answer, StorageError> {
        let reservation = match self.reservations.take(name) {
            Ok(reservation) => reservation,
            Err(problem) => return Ok(Answer::from(problem)),
        };
        let Reservation { subject, charges } = reservation;
        if used > subject.cost && charges.iter().all(Option::is_none) {
            let reason = "a hit of 0 units took nothing that could be settled";
            return Ok(Answer::from(Problem::invalid(reason)));
        }
        let limiter = self.storage.limiter(subject.strategy)?;
        let (items, ids) = (subject.items(), subject.ids());
        let mut settled = Vec::new();
        for (item, charge) in items.iter().zip(charges) {
            let one = match charge {
                Some(charge) => limiter.settle(item, ids.as_slice(), charge, used).await,
                None => Ok(limits::window::Settled::NOTHING),
            };
            settled.push(one);
        }
        // Only now, lest one that fails keeps the others from being settled.
        let settled: Vec<_> = settled.into_iter().collect::<Result<_, _>>()?;
        Ok(Answer::settled(&items, &settled))
    }

    async fn test(&self, subject: &Subject) -> Result<Answer, StorageError> {
        let limiter = self.storage.limiter(subject.strategy)?;
        let (items, ids) = (subject.items(), subject.ids());
        if let [item] = items.as_slice() {
            let decision = limiter.test(item, ids.as_slice(), subject.cost).await?;
            return Ok(Answer::of_one(&decision));
        }
        let asks = subject.asks(&items, &ids, subject.cost);
        let decisions = limiter.test_all(asks.as_slice()).await?;
        Ok(Answer::of_several(&items, &decisions))
    }

    async fn stats(&self, subject: &Subject) -> Result<Answer, StorageError> {
        let limiter = self.storage.limiter(subject.strategy)?;
        let (items, ids) = (subject.items(), subject.ids());
        if let [item] = items.as_slice() {
            let stats = limiter.get_window_stats(item, ids.as_slice()).await?;
            return Ok(Answer::of_window(&stats));
        }
        let asks = subject.asks(&items, &ids, 0);
        let decisions = limiter.test_all(asks.as_slice()).await?;
        Ok(Answer::of_windows(&items, &decisions))
    }

    async fn clear(&self, subject: &Subject) -> Result<Answer, StorageError> {
        let (items, ids) = (subject.items(), subject.ids());
        for item in &items {
            self.storage.clear(item.key_for(ids.as_slice())).await?;
        }
        Ok(Answer::DONE)
    }
}

/// Why a wait has no decision.
fn failure<T, D>(answer: Result<T, WaitError<D, StorageError>>) -> StorageError {
    match answer {
        Err(WaitError::Storage(error)) => error,
        // Nobody closes the line of a command.
        _ => StorageError::new(StorageErrorKind::Unavailable, "limits", "the wait ended"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use limits::{RateLimitItem, StrategyName, storage_from_string};

    use super::*;

    /// A hit of a limit of one a second, of which there was one already.
    async fn second_hit() -> (Engine, Subject) {
        let engine = Engine::new(storage_from_string("memory://").expect("a storage"));
        let subject = Subject {
            items: vec![RateLimitItem::per_second(1)],
            ids: vec!["me".to_owned()],
            cost: 1,
            namespace: "LIMITER".to_owned(),
            strategy: StrategyName::FixedWindow,
        };
        let first = engine.turn(&subject, Duration::ZERO).await.expect("memory");
        assert!(!first.refuses());
        (engine, subject)
    }

    #[tokio::test]
    async fn waits_for_its_turn_as_long_as_needed() {
        let (engine, subject) = second_hit().await;
        let start = Instant::now();
        let turn = engine.turn(&subject, Duration::MAX).await.expect("memory");
        assert!(!turn.refuses());
        let waited = start.elapsed();
        assert!(waited > Duration::from_millis(500), "{waited:?}");
    }

    #[tokio::test]
    async fn does_not_wait_in_vain() {
        let (engine, subject) = second_hit().await;
        let start = Instant::now();
        let wait = Duration::from_millis(100);
        let turn = engine.turn(&subject, wait).await.expect("memory");
        assert!(turn.refuses());
        let waited = start.elapsed();
        assert!(waited < wait, "{waited:?}");
    }
}
