use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use limits_core::storage::{acquire_in_turn, peek_in_turn};
use limits_core::window::{Charge, Kind, Settled};
use limits_core::{Ask, Clock, Decision, Keeps, Key, Storage, StrategyName, Timestamp};

use super::form::{Answer, Call, What};
use super::round::{Job, Window};
use super::rounds::Rounds;
use super::versioned::Versioned;
use crate::error::StorageError;

/// Windows of every strategy in a store that can only compare and swap.
///
/// A call is one reading and, if it changed anything, one swap, more only when other
/// processes come between. Fails with an error of kind
/// [`Contended`](crate::StorageErrorKind::Contended) when they did so 32 times.
pub struct Cas<B> {
    rounds: Arc<Rounds<B>>,
}

/// The wall time of the host, as it is now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let micros = since_epoch.unwrap_or_default().as_micros();
        Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

impl<B: Versioned> Cas<B> {
    /// Makes the storage of a store.
    #[must_use]
    pub fn new(store: B) -> Self {
        Self::with_wall_clock(store, WallClock)
    }

    /// Makes the storage of a store, with the clock by which its windows end instead of the
    /// wall time: for tests.
    #[must_use]
    pub fn with_wall_clock(store: B, clock: impl Clock + Send + Sync + 'static) -> Self {
        let rounds = Arc::new(Rounds::new(store, Box::new(clock)));
        Self { rounds }
    }

    async fn decide<K: Kind + Into<StrategyName>>(
        &self,
        ask: Ask<'_, K>,
        what: What,
        now: Timestamp,
    ) -> Result<Decision, StorageError> {
        let job = Job {
            calls: vec![self.call(&ask, what)],
        };
        match self.rounds.have_done(job).await?.first() {
            Some(Answer::Decided(decision)) => Ok(decision.by_clock_at(now)),
            _ => Err(self.rounds.lost()),
        }
    }

    fn call<K: Kind + Into<StrategyName>>(&self, ask: &Ask<'_, K>, what: What) -> (Window, Call) {
        let call = Call {
            limit: ask.limit(),
            what,
        };
        let window = self.rounds.window(ask.kind().into(), ask.key(), &call);
        (window, call)
    }

    /// Decides on several limits at once; tells whether the store can.
    async fn decide_all<K: Kind + Into<StrategyName>>(
        &self,
        asks: &[Ask<'_, K>],
        what: fn(u64) -> What,
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<bool, StorageError> {
        if B::SWAPS == 1 {
            return Ok(false);
        }
        if asks.len() > B::SWAPS {
            return Err(self.rounds.too_many());
        }
        let calls = asks.iter().map(|ask| self.call(ask, what(ask.cost())));
        let job = Job {
            calls: calls.collect(),
        };
        if asks.len() < 2 || self.rounds.how_many_fit(core::iter::once(&job)) == 0 {
            return Ok(false);
        }
        let answers = self.rounds.have_done(job).await?;
        for (decision, answer) in decisions.iter_mut().zip(answers) {
            if let Answer::Decided(answer) = answer {
                *decision = answer.by_clock_at(now);
            }
        }
        Ok(true)
    }
}

impl<B> fmt::Debug for Cas<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cas").finish_non_exhaustive()
    }
}

impl<B: Versioned> Storage for Cas<B> {
    type Error = StorageError;

    async fn check(&self) -> Result<(), StorageError> {
        self.rounds.store().check().await
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        self.rounds.store().reset().await
    }

    async fn clear(&self, key: Key<'_>) -> Result<(), StorageError> {
        self.rounds.store().clear(key, self.rounds.now()).await
    }
}

impl<B: Versioned, K: Kind + Into<StrategyName>> Keeps<K> for Cas<B> {
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.decide(ask, What::Acquire(ask.cost()), now).await
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        self.decide(ask, What::Peek(ask.cost()), now).await
    }

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
        let ask = Ask::of_key(kind, key, charge.limit(), used);
        let job = Job {
            calls: vec![self.call(&ask, What::Settle(charge, used))],
        };
        match self.rounds.have_done(job).await?.first() {
            Some(Answer::Settled(settled)) => Ok(*settled),
            _ => Err(self.rounds.lost()),
        }
    }

    /// At once or, where the store swaps one entry at a time, in turn.
    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        if self.decide_all(asks, What::Acquire, now, decisions).await? {
            return Ok(());
        }
        acquire_in_turn(self, asks, now, decisions).await
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        if self.decide_all(asks, What::Peek, now, decisions).await? {
            return Ok(());
        }
        peek_in_turn(self, asks, now, decisions).await
    }
}
