use core::time::Duration;
use std::borrow::Cow;

use super::seconds::{rounded_up, since_epoch};
use crate::http::hash::Hash;
use crate::http::{Outcome, Verdict, Visibility};

/// What any style writes of one limit.
pub(super) struct Quota<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) amount: u64,
    /// The seconds of its period.
    pub(super) window: u64,
    pub(super) remaining: u64,
    pub(super) reset_after: Duration,
    /// Its number in the header, a span from now but for those styles that want an instant.
    pub(super) reset: u64,
    pub(super) partition: Option<Hash>,
}

/// What any style writes: the limits that clients see, and the one of them that binds.
pub(super) struct Report<'a> {
    pub(super) quotas: Vec<Quota<'a>>,
    pub(super) binding: Quota<'a>,
}

impl<'a> Report<'a> {
    /// `None` if there is nothing to see, or the numbers aren't the storage's.
    pub(super) fn of(verdict: &'a Verdict) -> Option<Self> {
        if verdict.is_degraded() {
            return None;
        }
        let is_visible = |outcome: &&Outcome| outcome.visibility() == Visibility::Visible;
        let visible = || verdict.outcomes().iter().filter(is_visible);
        let binding = verdict.binding().filter(is_visible);
        // Where a hidden one binds, the tightest of the others has to do.
        let tightest = || visible().min_by_key(|outcome| outcome.decision().remaining());
        Some(Self {
            binding: Quota::of(binding.or_else(tightest)?),
            quotas: visible().map(Quota::of).collect(),
        })
    }
}

impl<'a> Quota<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let (item, decision) = (outcome.item(), outcome.decision());
        let reset_after = decision.reset_after();
        Self {
            name: outcome.name(),
            amount: item.amount(),
            window: rounded_up(item.get_expiry().to_duration()),
            remaining: decision.remaining(),
            reset_after,
            reset: rounded_up(reset_after),
            partition: outcome.partition,
        }
    }

    pub(super) fn with_reset_since_epoch(self) -> Self {
        Self {
            reset: since_epoch(self.reset_after),
            ..self
        }
    }
}
