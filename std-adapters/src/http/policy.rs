use core::fmt;
use std::sync::Arc;

use http::header::HeaderName;
use http::request::Parts;
use http::response;
use limits_core::StrategyName;

use super::caller::{Caller, Missing};
use super::{ClientAddress, Limits};

/// Whether a policy is enforced, and whether clients see it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Visibility {
    /// Enforced, and written to the headers of every answer.
    #[default]
    Visible,
    /// Enforced, but named neither in headers nor in refusals; these still say when to come
    /// back.
    Hidden,
    /// Counted by keys of its own and never refusing: to try a limit out.
    Shadow,
}

type Condition = dyn Fn(&Parts) -> bool + Send + Sync;
type Plan = dyn Fn(&Parts) -> Option<Limits> + Send + Sync;
type Cost = dyn Fn(&Parts) -> u64 + Send + Sync;
type Used = dyn Fn(&response::Parts) -> Option<u64> + Send + Sync;

/// One rule of a server: limits, and to whom, when and at what cost they apply.
///
/// ```
/// use http::Method;
/// use limits::StrategyName;
/// use limits::http::{ClientAddress, Policy};
///
/// let uploads = Policy::new("uploads", "10/minute; 100/day".parse()?)
///     .per_client(ClientAddress::peer())
///     .when(|request| request.method == Method::POST && request.uri.path() == "/uploads")
///     .with_strategy(StrategyName::MovingWindow);
/// # Ok::<(), limits::ParseError>(())
/// ```
///
/// Its counters have keys of the [policy's name](Self::new) and the caller, `LIMITER/uploads/
/// 192.0.2.7/10/1/minute`: a name is one set of counters wherever it is used on a storage, so
/// servers, routes and services share them by giving policies the same name and limits.
#[derive(Clone)]
pub struct Policy {
    pub(super) name: Arc<str>,
    pub(super) limits: Limits,
    pub(super) strategy: StrategyName,
    pub(super) caller: Caller,
    pub(super) missing: Missing,
    pub(super) visibility: Visibility,
    pub(super) keeps_usage: bool,
    pub(super) used: Option<Arc<Used>>,
    conditions: Vec<Arc<Condition>>,
    plan: Option<Arc<Plan>>,
    cost: Arc<Cost>,
}

impl Policy {
    /// Limits all requests together, one unit each, by fixed windows.
    ///
    /// The name is for headers, refusals and keys: letters, digits, `-`, `_` and `.`.
    #[must_use]
    pub fn new(name: &str, limits: Limits) -> Self {
        Self {
            name: name.into(),
            limits,
            strategy: StrategyName::FixedWindow,
            caller: Caller::Everyone,
            missing: Missing::default(),
            visibility: Visibility::default(),
            keeps_usage: false,
            used: None,
            conditions: Vec::new(),
            plan: None,
            cost: Arc::new(|_| 1),
        }
    }

    /// Decides by another strategy.
    #[must_use]
    pub fn with_strategy(self, strategy: StrategyName) -> Self {
        Self { strategy, ..self }
    }

    /// Limits each client by itself, by its address.
    #[must_use]
    pub fn per_client(self, address: ClientAddress) -> Self {
        Self {
            caller: Caller::client(address),
            ..self
        }
    }

    /// Limits each value of a header by itself, such as an API key. The storage sees its
    /// SHA-256 only. Of several lines the first counts.
    ///
    /// Whoever makes up values has as many callers: check the header before this layer, or
    /// limit by client too.
    #[must_use]
    pub fn per_header(self, name: HeaderName) -> Self {
        Self {
            caller: Caller::header(name),
            ..self
        }
    }

    /// Limits each caller by itself, whom `caller` finds in a request.
    ///
    /// The text is part of the storage's key as it is: keep it short, and free of secrets.
    #[must_use]
    pub fn per(self, caller: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            caller: Caller::now(caller),
            ..self
        }
    }

    /// Limits each caller by itself, whom `caller` has to look up. The future takes what it
    /// needs out of the request; it has no deadline but its own.
    ///
    /// ```
    /// use limits::http::Policy;
    ///
    /// # async fn account_of(_: Vec<u8>) -> Option<String> { None }
    /// let policy = Policy::new("accounts", "100/hour".parse()?).per_async(|request| {
    ///     let token = request.headers.get("authorization").map(|it| it.as_bytes().to_vec());
    ///     async move { account_of(token?).await }
    /// });
    /// # Ok::<(), limits::ParseError>(())
    /// ```
    #[must_use]
    pub fn per_async<F>(self, caller: impl Fn(&Parts) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        Self {
            caller: Caller::later(caller),
            ..self
        }
    }

    /// Chooses what becomes of requests without a key: one whose client's address is not
    /// known, that lacks the header, for which a function finds nothing.
    #[must_use]
    pub fn when_missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// Applies to requests only that fulfil a condition; of several, all of them.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.conditions.push(Arc::new(condition));
        self
    }

    /// Limits some requests otherwise: by their caller's plan. `None` is the policy's own
    /// limits, [`Limits::none`] is no limit.
    ///
    /// Limits of different numbers have counters of their own, unless the policy
    /// [keeps usage](Self::keeping_usage).
    #[must_use]
    pub fn with_plans(
        self,
        plan: impl Fn(&Parts) -> Option<Limits> + Send + Sync + 'static,
    ) -> Self {
        Self {
            plan: Some(Arc::new(plan)),
            ..self
        }
    }

    /// Keeps what callers have used when the amount of a limit changes, by a plan or a new
    /// configuration: of 5 units that become 10, exactly 5 more pass.
    ///
    /// Its counters have keys of another form than Python's and
    /// [`key_for`](limits_core::RateLimitItem::key_for)'s, which have the amount in them:
    /// `LIMITER/uploads/192.0.2.7/60s`.
    #[must_use]
    pub fn keeping_usage(self) -> Self {
        Self {
            keeps_usage: true,
            ..self
        }
    }

    /// Takes `units` for a request.
    #[must_use]
    pub fn with_cost(self, units: u64) -> Self {
        self.with_cost_of(move |_| units)
    }

    /// Takes as many units as `cost` finds in a request.
    #[must_use]
    pub fn with_cost_of(self, cost: impl Fn(&Parts) -> u64 + Send + Sync + 'static) -> Self {
        Self {
            cost: Arc::new(cost),
            ..self
        }
    }

    /// Takes nothing in the end for answers that do not fulfil the condition, such as
    /// `|answer| answer.status == 422`.
    ///
    /// The units are taken before the request is served and given back after, so that no more
    /// than the limit are ever in work: requests may be refused for the sake of those. One
    /// more call to the storage for each limit, before the answer is sent. They stay taken
    /// if the service fails or the request is dropped.
    #[must_use]
    pub fn charge_when(
        self,
        condition: impl Fn(&response::Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.settle_by(move |answer| (!condition(answer)).then_some(0))
    }

    /// Takes the cost as an estimate, and settles it by what `used` finds in the answer:
    /// gives units back, or takes more, above the limit too. `None` leaves the estimate.
    ///
    /// Costs as [`charge_when`](Self::charge_when) does. An estimate of nothing can't be
    /// settled.
    #[must_use]
    pub fn settle_by(
        self,
        used: impl Fn(&response::Parts) -> Option<u64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            used: Some(Arc::new(used)),
            ..self
        }
    }

    /// Chooses who knows of it.
    #[must_use]
    pub fn with_visibility(self, visibility: Visibility) -> Self {
        Self { visibility, ..self }
    }

    /// Enforces the policy and names it nowhere: [`Visibility::Hidden`].
    #[must_use]
    pub fn hidden(self) -> Self {
        self.with_visibility(Visibility::Hidden)
    }

    /// Counts and never refuses: [`Visibility::Shadow`].
    #[must_use]
    pub fn shadow(self) -> Self {
        self.with_visibility(Visibility::Shadow)
    }

    pub(super) fn applies_to(&self, parts: &Parts) -> bool {
        self.conditions.iter().all(|condition| condition(parts))
    }

    pub(super) fn limits_for(&self, parts: &Parts) -> Limits {
        let plan = self.plan.as_ref().and_then(|plan| plan(parts));
        plan.unwrap_or_else(|| self.limits.clone())
    }

    pub(super) fn has_plans(&self) -> bool {
        self.plan.is_some()
    }

    pub(super) fn cost_of(&self, parts: &Parts) -> u64 {
        (self.cost)(parts)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("name", &self.name)
            .field("limits", &self.limits)
            .field("strategy", &self.strategy)
            .field("visibility", &self.visibility)
            .finish_non_exhaustive()
    }
}
