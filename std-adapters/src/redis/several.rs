//! Several limits in one round trip, or in turn where their keys are on several nodes.

use limits_core::storage::{acquire_in_turn, peek_in_turn};
use limits_core::window::Hit;
use limits_core::{Ask, Decision, Timestamp};
use redis::cluster_routing::Slot;

use super::backend::RedisBackend;
use super::keeps::{acquired, tested};
use super::kinds::{Recipe, Scripted};
use super::reply::Reply;
use super::script::{self, Argument};
use super::topology::{Kind, Topology};
use crate::error::StorageError;

/// The most limits of one call.
const MOST: usize = 64;

/// [`Keeps::acquire_all`](limits_core::Keeps::acquire_all).
pub(super) async fn acquire<T: Topology, K: Scripted>(
    storage: &RedisBackend<T>,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), StorageError> {
    let mut parts = parts(storage, asks, now)?;
    if !are_together::<T>(&parts) {
        return acquire_in_turn(storage, asks, now, decisions).await;
    }
    add_up(&mut parts);
    let may_pass = parts.iter().all(Part::is_possible);
    let arguments = arguments(&parts, may_pass, |part| part.cost);
    let keys = keys(&parts);
    let replies: Vec<Reply> = if keys.is_empty() {
        Vec::new()
    } else {
        let script = &script::ACQUIRE_ALL;
        storage.write(script, &keys, &arguments).await?
    };
    let is_taken = may_pass && replies.iter().all(|reply| reply.fits);
    answer(&parts, replies, decisions, |part, reply| {
        if is_taken {
            acquired(part.recipe, reply, part.own_hit())
        } else {
            tested(part.recipe, reply, part.hit)
        }
    });
    Ok(())
}

/// [`Keeps::peek_all`](limits_core::Keeps::peek_all).
pub(super) async fn peek<T: Topology, K: Scripted>(
    storage: &RedisBackend<T>,
    asks: &[Ask<'_, K>],
    now: Timestamp,
    decisions: &mut [Decision],
) -> Result<(), StorageError> {
    let parts = parts(storage, asks, now)?;
    if !are_together::<T>(&parts) {
        return peek_in_turn(storage, asks, now, decisions).await;
    }
    let arguments = arguments(&parts, false, |_| 0);
    let keys = keys(&parts);
    let replies = if keys.is_empty() {
        Vec::new()
    } else {
        storage.read(&script::PEEK_ALL, &keys, &arguments).await?
    };
    answer(&parts, replies, decisions, |part, reply| {
        tested(part.recipe, reply, part.hit)
    });
    Ok(())
}

/// One ask.
struct Part {
    recipe: &'static dyn Recipe,
    keys: Vec<Vec<u8>>,
    /// What must fit, with the units of the asks before that are for the same window.
    hit: Hit,
    /// The units of its own.
    cost: u64,
}

impl Part {
    fn is_possible(&self) -> bool {
        self.hit.is_possible()
    }

    fn own_hit(&self) -> Hit {
        Hit::new(self.hit.limit(), self.cost, self.hit.now())
    }
}

fn parts<T: Topology, K: Scripted>(
    storage: &RedisBackend<T>,
    asks: &[Ask<'_, K>],
    now: Timestamp,
) -> Result<Vec<Part>, StorageError> {
    if asks.len() > MOST {
        return Err(storage.unsupported(format!("a hit of more than {MOST} limits at once")));
    }
    let part = |ask: &Ask<'_, K>| {
        let recipe = ask.kind().recipe();
        Ok(Part {
            recipe,
            keys: recipe.keys(&storage.prefix, ask.key()),
            hit: storage.counted(recipe, ask.hit(now))?,
            cost: ask.cost(),
        })
    };
    asks.iter().map(part).collect()
}

/// Whether one server has the keys of all.
fn are_together<T: Topology>(parts: &[Part]) -> bool {
    let mut slots = parts.iter().flat_map(|part| &part.keys).map(Slot::for_key);
    T::KIND != Kind::Cluster
        || slots
            .next()
            .is_none_or(|first| slots.all(|slot| slot == first))
}

fn add_up(parts: &mut [Part]) {
    for number in (1..parts.len()).rev() {
        let (before, rest) = parts.split_at_mut(number);
        let part = &mut rest[0];
        let same = before.iter().filter(|other| other.keys == part.keys);
        let cost = same.fold(part.cost, |sum, other| sum.saturating_add(other.cost));
        part.hit = Hit::new(part.hit.limit(), cost, part.hit.now());
    }
}

/// Those that can pass at all.
fn possible(parts: &[Part]) -> impl Iterator<Item = &Part> {
    parts.iter().filter(|part| part.is_possible())
}

fn keys(parts: &[Part]) -> Vec<Vec<u8>> {
    possible(parts)
        .flat_map(|part| part.keys.iter().cloned())
        .collect()
}

fn arguments(parts: &[Part], may_pass: bool, cost: impl Fn(&Part) -> u64) -> Vec<Argument> {
    let asks = possible(parts).flat_map(|part| part.recipe.arguments(part.hit, cost(part)));
    [u64::from(may_pass).into()]
        .into_iter()
        .chain(asks)
        .collect()
}

/// Writes the answers: to each ask that was asked, and that the others never pass.
fn answer(
    parts: &[Part],
    replies: Vec<Reply>,
    decisions: &mut [Decision],
    decide: impl Fn(&Part, &Reply) -> Decision,
) {
    let mut replies = replies.iter();
    for (part, decision) in parts.iter().zip(decisions) {
        *decision = match part.is_possible().then(|| replies.next()).flatten() {
            Some(reply) => decide(part, reply),
            None => Decision::never(part.hit),
        };
    }
}
