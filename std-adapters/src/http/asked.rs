//! What the policies ask of the storage for one request.

use std::sync::Arc;

use http::request::Parts;
use limits_core::window::Charge;
use limits_core::{Ask, Decision, StrategyName};

use super::counter::Counter;
use super::hash::Hash;
use super::policy::Policy;
use super::verdict::Outcome;

/// What a policy asks for a request.
pub(super) struct Asked<'a> {
    pub(super) policy: &'a Policy,
    identifier: String,
    has_caller: bool,
    counters: Vec<Counter>,
    cost: u64,
}

/// Units of an admitted request that are to be settled by its answer.
pub(super) struct Taken<'a> {
    pub(super) policy: &'a Policy,
    pub(super) counter: Counter,
    pub(super) charge: Charge,
}

impl<'a> Asked<'a> {
    pub(super) fn new(policy: &'a Policy, caller: Option<&str>, parts: &Parts) -> Self {
        let name = &policy.name;
        let identifier = caller.map_or_else(|| name.to_string(), |it| format!("{name}/{it}"));
        let limits = policy.limits_for(parts);
        Self {
            policy,
            counters: Counter::all(&limits, &identifier, policy.keeps_usage),
            identifier,
            has_caller: caller.is_some(),
            cost: policy.cost_of(parts),
        }
    }

    pub(super) fn ask<'s>(&self, counter: &'s Counter) -> Ask<'s, StrategyName> {
        let (strategy, limit) = (self.policy.strategy, counter.item.limit());
        Ask::of_key(strategy, counter.key(), limit, self.cost)
    }

    pub(super) fn outcome(
        &self,
        counter: &Counter,
        decision: Decision,
        has_partition: bool,
    ) -> Outcome {
        let has_partition = has_partition && self.has_caller;
        Outcome {
            policy: Arc::clone(&self.policy.name),
            item: counter.item,
            is_only: self.counters.len() == 1,
            visibility: self.policy.visibility,
            partition: has_partition.then(|| Hash::of(self.identifier.as_bytes())),
            decision,
        }
    }
}

/// The counters of all that is asked, in the order of the storage's answers.
pub(super) fn each<'s, 'a>(
    asked: &'s [Asked<'a>],
) -> impl Iterator<Item = (&'s Asked<'a>, &'s Counter)> {
    let counters = |asked: &'s Asked<'a>| asked.counters.iter().map(move |it| (asked, it));
    asked.iter().flat_map(counters)
}

/// Those of all that is asked, each with its answer, which are to be settled.
pub(super) fn taken<'a>(asked: Vec<Asked<'a>>, decisions: &[Decision]) -> Vec<Taken<'a>> {
    let counters = asked.into_iter().flat_map(|asked| {
        let policy = asked.policy;
        asked
            .counters
            .into_iter()
            .map(move |counter| (policy, counter))
    });
    let decided = counters.zip(decisions);
    let settled = decided.filter(|((policy, _), _)| policy.used.is_some());
    let taken = settled.filter_map(|((policy, counter), decision)| {
        Some(Taken {
            policy,
            counter,
            charge: decision.charge()?,
        })
    });
    taken.collect()
}
