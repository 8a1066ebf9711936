use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

use limits_core::{Decision, RateLimitItem};

use super::hash::Hash;
use super::policy::Visibility;

/// What was decided on a request: an outcome for each limit of each policy that applied.
///
/// In the extensions of the request that the service sees, and of the answer, refusals
/// included. Clones share the outcomes.
///
/// ```
/// use http::request::Parts;
/// use limits::http::Verdict;
///
/// fn is_nearly_used_up(request: &Parts) -> bool {
///     let verdict = request.extensions.get::<Verdict>();
///     verdict.is_some_and(|it| it.outcomes().iter().any(|o| o.decision().remaining() < 3))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Verdict(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The policies that decided.
    set: usize,
    outcomes: Vec<Outcome>,
    binding: Option<usize>,
    has_failed: bool,
}

impl Verdict {
    pub(super) fn new(set: usize, outcomes: Vec<Outcome>, binding: Option<usize>) -> Self {
        Self(Arc::new(Inner {
            set,
            outcomes,
            binding,
            has_failed: false,
        }))
    }

    pub(super) fn failed(set: usize) -> Self {
        Self(Arc::new(Inner {
            set,
            outcomes: Vec::new(),
            binding: None,
            has_failed: true,
        }))
    }

    /// Whether these policies decided.
    pub(super) fn is_of(&self, set: usize) -> bool {
        self.0.set == set
    }

    /// Whether every limit that is enforced has let the request pass.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.enforced().all(|outcome| outcome.decision.allowed())
    }

    /// Whether numbers of this verdict are not the storage's, since it failed.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        let is_degraded = |outcome: &Outcome| outcome.decision.origin().is_degraded();
        self.0.has_failed || self.enforced().any(is_degraded)
    }

    /// The outcomes, in the order of the policies and their limits; those of shadow policies
    /// last.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.0.outcomes
    }

    /// The outcome that binds, of those that are enforced: the one that passes last, or has
    /// the fewest units left if all have passed.
    #[must_use]
    pub fn binding(&self) -> Option<&Outcome> {
        self.0.outcomes.get(self.0.binding?)
    }

    fn enforced(&self) -> impl Iterator<Item = &Outcome> {
        let is_enforced = |outcome: &&Outcome| outcome.visibility != Visibility::Shadow;
        self.0.outcomes.iter().filter(is_enforced)
    }
}

/// What one limit of a policy said to a request.
#[derive(Clone)]
pub struct Outcome {
    pub(super) policy: Arc<str>,
    pub(super) item: RateLimitItem<'static>,
    /// Whether it is the policy's only limit.
    pub(super) is_only: bool,
    pub(super) visibility: Visibility,
    pub(super) partition: Option<Hash>,
    pub(super) decision: Decision,
}

impl Outcome {
    /// The name of the policy.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The name of this limit: the policy's, and with several limits its numbers too,
    /// `client-100-per-3600s`.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        if self.is_only {
            return Cow::Borrowed(&self.policy);
        }
        let period = self.item.get_expiry().to_duration();
        let (amount, seconds) = (self.item.amount(), period.as_secs());
        Cow::Owned(format!("{}-{amount}-per-{seconds}s", self.policy))
    }

    /// The limit.
    #[must_use]
    pub const fn item(&self) -> &RateLimitItem<'static> {
        &self.item
    }

    /// Whether the policy is enforced, and whether clients see it.
    #[must_use]
    pub const fn visibility(&self) -> Visibility {
        self.visibility
    }

    /// The answer of the limit, by itself. Where another limit refused the request, nothing
    /// was taken from this one.
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("name", &self.name())
            .field("visibility", &self.visibility)
            .field("decision", &self.decision)
            .finish_non_exhaustive()
    }
}
