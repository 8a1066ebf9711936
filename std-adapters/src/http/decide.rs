//! The decision on a request, by all policies that apply to it.

use http::StatusCode;
use http::request::Parts;
use limits_core::{Decision, Decisions, Origin, RateLimiter};

use super::asked::{Asked, Taken, each, taken};
use super::caller::{Caller, Missing};
use super::policies::{Failure, Policies};
use super::policy::Visibility;
use super::preflight::is_preflight;
use super::refusal::Reason;
use super::verdict::{Outcome, Verdict};
use crate::error::StorageError;

/// What the storage says to all that is asked of it in one hit.
#[derive(Default)]
struct Answer {
    decisions: Vec<Decision>,
    binding: Option<usize>,
}

/// A request that passes.
pub(super) struct Admitted<'a> {
    /// `None` if no policy applies.
    pub(super) verdict: Option<Verdict>,
    pub(super) taken: Vec<Taken<'a>>,
}

/// A request that does not.
pub(super) struct Refused {
    pub(super) verdict: Verdict,
    pub(super) reason: Reason,
}

impl Admitted<'_> {
    const fn freely() -> Self {
        Self {
            verdict: None,
            taken: Vec::new(),
        }
    }
}

impl Policies {
    pub(super) async fn decide(&self, parts: &Parts) -> Result<Admitted<'_>, Refused> {
        if self.is_free(parts) {
            return Ok(Admitted::freely());
        }
        let asked = self.asked(parts).await.map_err(|status| Refused {
            verdict: self.verdict(Vec::new(), None),
            reason: Reason::MissingKey(status),
        })?;
        let is_enforced = |asked: &Asked<'_>| asked.policy.visibility != Visibility::Shadow;
        let (enforced, shadows): (Vec<_>, Vec<_>) = asked.into_iter().partition(is_enforced);
        let answer = match self.hit(&enforced).await {
            Ok(answer) => answer,
            Err(error) => return self.without_storage(&error),
        };
        let mut outcomes: Vec<_> = self.outcomes(&enforced, &answer).collect();
        if !answer.allowed() {
            let reason = self.reason(&answer);
            let verdict = self.verdict(outcomes, answer.binding);
            return Err(Refused { verdict, reason });
        }
        let mut taken = taken(enforced, &answer.decisions);
        for shadow in shadows {
            self.try_out(shadow, &mut outcomes, &mut taken).await;
        }
        let is_limited = !outcomes.is_empty();
        Ok(Admitted {
            verdict: is_limited.then(|| self.verdict(outcomes, answer.binding)),
            taken,
        })
    }

    /// Whether a request passes uncounted: since one of these layers within another has
    /// counted it already, for example.
    fn is_free(&self, parts: &Parts) -> bool {
        let is_own = |verdict: &Verdict| verdict.is_of(self.number());
        (!self.counts_preflights && is_preflight(parts))
            || parts.extensions.get().is_some_and(is_own)
            || self.is_exempt(parts)
    }

    /// What all policies ask, or the status of one that refuses to be asked without a key.
    async fn asked(&self, parts: &Parts) -> Result<Vec<Asked<'_>>, StatusCode> {
        let mut all = Vec::with_capacity(self.policies.len());
        let applying = self.policies.iter();
        for policy in applying.filter(|policy| policy.applies_to(parts)) {
            let caller = policy.caller.find(parts).await;
            let is_missing = caller.is_none() && !matches!(policy.caller, Caller::Everyone);
            let is_shadow = policy.visibility == Visibility::Shadow;
            match policy.missing {
                Missing::Exempt if is_missing => continue,
                Missing::Refuse(_) if is_missing && is_shadow => continue,
                Missing::Refuse(status) if is_missing => return Err(status),
                _ => all.push(Asked::new(policy, caller.as_deref(), parts)),
            }
        }
        Ok(all)
    }

    /// Takes the units of all or none.
    async fn hit(&self, asked: &[Asked<'_>]) -> Result<Answer, StorageError> {
        let asks: Vec<_> = each(asked)
            .map(|(asked, counter)| asked.ask(counter))
            .collect();
        let Some(first) = asks.first() else {
            return Ok(Answer::default());
        };
        let limiter = RateLimiter::with_strategy(first.kind(), &self.storage, &*self.clock);
        if let ([ask], Some(item)) = (asks.as_slice(), first.key().item()) {
            let hit = limiter.hit(item, ask.key().identifiers(), ask.cost());
            return Ok(Answer::one(hit.await?));
        }
        Ok(Answer::all(&limiter.hit_all(asks.as_slice()).await?))
    }

    /// Counts a shadow policy. When that fails, only the log is to know.
    async fn try_out<'a>(
        &'a self,
        shadow: Asked<'a>,
        outcomes: &mut Vec<Outcome>,
        charges: &mut Vec<Taken<'a>>,
    ) {
        let shadow = vec![shadow];
        match self.hit(&shadow).await {
            Ok(answer) => {
                outcomes.extend(self.outcomes(&shadow, &answer));
                charges.extend(taken(shadow, &answer.decisions));
            }
            Err(error) => self.report(&error),
        }
    }

    /// Why an answer refuses: one that stands for a storage that fails is no limit's.
    fn reason(&self, answer: &Answer) -> Reason {
        let is_closed = |decision: &Decision| decision.origin() == Origin::FailedClosed;
        match self.failure {
            _ if !answer.decisions.iter().any(is_closed) => Reason::Limited,
            Failure::Refuse(status) => Reason::StorageFailed(status),
            Failure::Admit => Reason::StorageFailed(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn without_storage(&self, error: &StorageError) -> Result<Admitted<'_>, Refused> {
        self.report(error);
        let verdict = Verdict::failed(self.number());
        match self.failure {
            Failure::Admit => Ok(Admitted {
                verdict: Some(verdict),
                taken: Vec::new(),
            }),
            Failure::Refuse(status) => Err(Refused {
                verdict,
                reason: Reason::StorageFailed(status),
            }),
        }
    }

    fn outcomes<'a>(
        &self,
        asked: &'a [Asked<'_>],
        answer: &'a Answer,
    ) -> impl Iterator<Item = Outcome> + use<'a> {
        let has_partitions = self.style.has_partitions();
        let decided = each(asked).zip(&answer.decisions);
        decided.map(move |((asked, counter), decision)| {
            asked.outcome(counter, *decision, has_partitions)
        })
    }

    fn verdict(&self, outcomes: Vec<Outcome>, binding: Option<usize>) -> Verdict {
        Verdict::new(self.number(), outcomes, binding)
    }

    /// What tells these policies from others, as long as they live.
    fn number(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

impl Answer {
    fn one(decision: Decision) -> Self {
        Self {
            decisions: vec![decision],
            binding: Some(0),
        }
    }

    fn all(decisions: &Decisions<Vec<Decision>>) -> Self {
        let all = decisions.as_slice();
        let binding = decisions.binding();
        let is_binding =
            |decision: &Decision| binding.is_some_and(|it| core::ptr::eq(it, decision));
        Self {
            decisions: all.to_vec(),
            binding: all.iter().position(is_binding),
        }
    }

    fn allowed(&self) -> bool {
        self.decisions.iter().all(Decision::allowed)
    }
}
