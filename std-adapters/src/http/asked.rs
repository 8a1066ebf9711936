//! What the policies ask of the storage for one request.

use std::sync::Arc;

use http::request::Parts;
use limits_core::window::Charge;
use limits_core::{Ask, Decision, RateLimitItem, StrategyName};

use super::Limits;
use super::hash::Hash;
use super::policy::Policy;
use super::verdict::Outcome;

/// What a policy asks for a request.
pub(super) struct Asked<'a> {
    pub(super) policy: &'a Policy,
    limits: Limits,
    identifier: String,
    has_caller: bool,
    cost: u64,
}

/// Units of an admitted request that are to be settled by its answer.
pub(super) struct Taken<'a> {
    pub(super) policy: &'a Policy,
    pub(super) item: RateLimitItem<'static>,
    pub(super) identifier: String,
    pub(super) charge: Charge,
}

impl<'a> Asked<'a> {
    pub(super) fn new(policy: &'a Policy, caller: Option<&str>, parts: &Parts) -> Self {
        let name = &policy.name;
        Self {
            policy,
            limits: policy.limits_for(parts),
            identifier: caller.map_or_else(|| name.to_string(), |it| format!("{name}/{it}")),
            has_caller: caller.is_some(),
            cost: policy.cost_of(parts),
        }
    }

    pub(super) fn ask<'s>(&'s self, item: &'s RateLimitItem<'static>) -> Ask<'s, StrategyName> {
        Ask::new(
            self.policy.strategy,
            item,
            self.identifier.as_str(),
            self.cost,
        )
    }

    pub(super) fn taken(
        &self,
        item: &RateLimitItem<'static>,
        decision: &Decision,
    ) -> Option<Taken<'a>> {
        Some(Taken {
            policy: self.policy,
            item: *item,
            identifier: self.identifier.clone(),
            charge: decision.charge()?,
        })
    }

    pub(super) fn outcome(
        &self,
        item: &RateLimitItem<'static>,
        decision: Decision,
        has_partition: bool,
    ) -> Outcome {
        let has_partition = has_partition && self.has_caller;
        Outcome {
            policy: Arc::clone(&self.policy.name),
            item: *item,
            is_only: self.limits.items().len() == 1,
            visibility: self.policy.visibility,
            partition: has_partition.then(|| Hash::of(self.identifier.as_bytes())),
            decision,
        }
    }
}

/// The limits of all that is asked, in the order of the storage's answers.
pub(super) fn each<'s, 'a>(
    asked: &'s [Asked<'a>],
) -> impl Iterator<Item = (&'s Asked<'a>, &'s RateLimitItem<'static>)> {
    let limits = |asked: &'s Asked<'a>| asked.limits.items().iter().map(move |item| (asked, item));
    asked.iter().flat_map(limits)
}
