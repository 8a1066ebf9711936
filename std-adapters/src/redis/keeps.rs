use futures_util::FutureExt;
use limits_core::window::{Charge, Hit, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Timestamp};
use redis::FromRedisValue;

use super::backend::RedisBackend;
use super::kinds::{Recipe, Scripted, Swap};
use super::reply::Reply;
use super::script::{Argument, Script};
use super::several;
use super::topology::Topology;
use crate::doubles::MOST_UNITS;
use crate::error::{StorageError, StorageErrorKind};

/// How often a window that others change is read anew.
const ATTEMPTS: usize = 64;

impl<T: Topology, K: Scripted> Keeps<K> for RedisBackend<T> {
    async fn acquire(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let recipe = ask.kind().recipe();
        let hit = self.counted(recipe, ask.hit(now))?;
        let keys = recipe.keys(&self.prefix, ask.key());
        let arguments = recipe.arguments(hit, hit.cost());
        let script = &recipe.scripts().acquire;
        let reply = self.write(script, &keys, &arguments).await?;
        Ok(acquired(recipe, &reply, hit))
    }

    async fn peek(&self, ask: Ask<'_, K>, now: Timestamp) -> Result<Decision, StorageError> {
        let recipe = ask.kind().recipe();
        let hit = self.counted(recipe, ask.hit(now))?;
        let keys = recipe.keys(&self.prefix, ask.key());
        let arguments = recipe.arguments(hit, 0);
        let reply = self.read(&recipe.scripts().peek, &keys, &arguments).await?;
        Ok(tested(recipe, &reply, hit))
    }

    /// One round trip; for GCRA two, and two more each time that somebody else changed the
    /// bucket in between, at most 128.
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
        let keys = recipe.keys(&self.prefix, key);
        match recipe.swap() {
            Some(swap) => self.swap(recipe, swap, &keys, &charge, used).await,
            None => self.correct(recipe, &keys, &charge, used).await,
        }
    }

    /// One round trip, at most 64 limits. In a cluster whose keys of them are in different
    /// slots, in turn: one round trip for each question and one for each hit, or refusal.
    async fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        several::acquire(self, asks, now, decisions).boxed().await
    }

    /// One round trip, at most 64 limits. In a cluster whose keys of them are in different
    /// slots, one for each.
    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), StorageError> {
        several::peek(self, asks, now, decisions).boxed().await
    }
}

/// The answer to a hit.
pub(super) fn acquired(recipe: &dyn Recipe, reply: &Reply, hit: Hit) -> Decision {
    let decision = Decision::hit(reply.fits, hit, recipe.usage(reply, hit));
    if reply.fits && hit.cost() > 0 {
        decision.with_mark(recipe.mark(reply, hit))
    } else {
        decision
    }
}

/// The answer to a question.
pub(super) fn tested(recipe: &dyn Recipe, reply: &Reply, hit: Hit) -> Decision {
    if reply.fits {
        Decision::test(hit, recipe.usage(reply, hit))
    } else {
        Decision::hit(false, hit, recipe.usage(reply, hit))
    }
}

impl<T> RedisBackend<T> {
    /// The hit that is decided on, if its cost can be counted, or is never asked for.
    pub(super) fn counted(&self, recipe: &dyn Recipe, hit: Hit) -> Result<Hit, StorageError> {
        if hit.is_possible() {
            self.bounded(recipe, hit.cost())?;
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

    pub(super) fn unsupported(&self, reason: String) -> StorageError {
        StorageError::new(StorageErrorKind::Unsupported, &self.backend, reason)
    }

    /// Settles by the script alone.
    async fn correct(
        &self,
        recipe: &dyn Recipe,
        keys: &[Vec<u8>],
        charge: &Charge,
        used: u64,
    ) -> Result<Settled, StorageError> {
        let (limit, cost) = (charge.limit(), charge.cost());
        let (back, more) = (cost.saturating_sub(used), used.saturating_sub(cost));
        self.bounded(recipe, more.min(limit.amount()))?;
        let nothing = Hit::new(limit, 0, Timestamp::ZERO);
        let mark = charge.mark().instant().as_micros();
        let correction = [mark, back, more.min(MOST_UNITS)].map(Argument::from);
        let arguments = [&correction[..], &recipe.arguments(nothing, 0)].concat();
        let script = &recipe.scripts().settle;
        let settled: i64 = self.write(script, keys, &arguments).await?;
        Ok(u64::try_from(settled).map_or(Settled::taken(more), Settled::given_back))
    }

    /// Settles what was read, and puts it in its place, if nobody else did meanwhile.
    async fn swap(
        &self,
        recipe: &dyn Recipe,
        swap: Swap,
        keys: &[Vec<u8>],
        charge: &Charge,
        used: u64,
    ) -> Result<Settled, StorageError> {
        let nothing = Hit::new(charge.limit(), 0, Timestamp::ZERO);
        let ask = recipe.arguments(nothing, 0);
        let scripts = recipe.scripts();
        for _ in 0..ATTEMPTS {
            let reply: Reply = self.write(&scripts.peek, keys, &ask).await?;
            let (settled, numbers) = swap(&reply, charge, used);
            if settled == Settled::NOTHING {
                return Ok(settled);
            }
            let arguments = [&numbers.map(Argument::from)[..], &ask].concat();
            if self.write(&scripts.settle, keys, &arguments).await? {
                return Ok(settled);
            }
        }
        let reason = format!("others changed the window {ATTEMPTS} times meanwhile");
        Err(StorageError::new(
            StorageErrorKind::Contended,
            &self.backend,
            reason,
        ))
    }

    /// Asks a replica, if that is wished and one can answer, or the primary.
    pub(super) async fn read<R: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[Vec<u8>],
        arguments: &[Argument],
    ) -> Result<R, StorageError> {
        if let Some(replicas) = &self.replicas {
            match script.run(replicas, keys, arguments).await {
                Err(failure) if failure.is_of_the_server() => {}
                answer => return answer.map_err(|failure| self.error(failure.for_keys(keys))),
            }
        }
        self.write(script, keys, arguments).await
    }

    pub(super) async fn write<R: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[Vec<u8>],
        arguments: &[Argument],
    ) -> Result<R, StorageError> {
        let answer = script.run(&self.connection, keys, arguments).await;
        answer.map_err(|failure| self.error(failure.for_keys(keys)))
    }
}
