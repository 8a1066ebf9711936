use core::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use limits_core::Clock;

use super::error::PolicyError;
use super::headers::HeaderStyle;
use super::layer::RateLimitLayer;
use super::policy::Policy;
use super::refusal::Refusal;
use crate::any::AnyStorage;
use crate::clock::SystemClock;
use crate::error::StorageError;

/// What becomes of a request when the storage can't decide.
///
/// A storage can have such an answer of its own, with a time limit: then it doesn't come to
/// this, but for the status: what a storage that fails closed refuses is answered as chosen
/// here, or with 503.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// It is served, without headers about limits.
    #[default]
    Admit,
    /// It is refused with this status, such as 503.
    Refuse(StatusCode),
}

type Exemption = dyn Fn(&Parts) -> bool + Send + Sync;
type Handler = dyn Fn(&Refusal<'_>) -> Response<Bytes> + Send + Sync;
type Report = dyn Fn(&StorageError) + Send + Sync;

/// An ordered set of policies over a storage, all of which are decided together.
///
/// Those that apply to a request are asked in one hit of several limits: it is charged to
/// all of them or, when one refuses, to none. That is one call to the storage; each shadow
/// policy is one more. Which storages decide in turn is in their docs.
///
/// ```
/// use limits::http::{ClientAddress, HeaderStyle, Policies, Policy};
/// use limits::storage_from_string;
///
/// let client = ClientAddress::peer();
/// let layer = Policies::new(storage_from_string("memory://")?)
///     .with(Policy::new("all", "10000/second".parse()?).hidden())
///     .with(Policy::new("client", "5/second; 100/hour".parse()?).per_client(client))
///     .exempt(|request| request.uri.path() == "/health")
///     .with_headers(HeaderStyle::IetfDraft11)
///     .layer()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Policies {
    pub(super) storage: AnyStorage,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    pub(super) policies: Vec<Policy>,
    pub(super) counts_preflights: bool,
    pub(super) style: HeaderStyle,
    pub(super) failure: Failure,
    pub(super) handler: Option<Arc<Handler>>,
    exemptions: Vec<Arc<Exemption>>,
    report: Option<Arc<Report>>,
}

impl Policies {
    /// Limits nothing yet, and keeps its windows in `storage`.
    #[must_use]
    pub fn new(storage: AnyStorage) -> Self {
        Self {
            storage,
            clock: Arc::new(SystemClock),
            policies: Vec::new(),
            counts_preflights: false,
            style: HeaderStyle::default(),
            failure: Failure::default(),
            handler: None,
            exemptions: Vec::new(),
            report: None,
        }
    }

    /// Adds a policy.
    #[must_use]
    pub fn with(mut self, policy: Policy) -> Self {
        self.policies.push(policy);
        self
    }

    /// Lets requests that fulfil a condition pass uncounted: those of a route, of a method,
    /// of a caller of one's own.
    #[must_use]
    pub fn exempt(mut self, exemption: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.exemptions.push(Arc::new(exemption));
        self
    }

    /// Counts the preflights of browsers too: `OPTIONS` with `Origin` and
    /// `Access-Control-Request-Method`. They pass uncounted else, as a browser sends them by
    /// itself and shows a refused one as a failure of the network.
    #[must_use]
    pub fn counting_preflights(self) -> Self {
        Self {
            counts_preflights: true,
            ..self
        }
    }

    /// Writes headers in this style, [`IetfDraft11`](HeaderStyle::IetfDraft11) else.
    #[must_use]
    pub fn with_headers(self, style: HeaderStyle) -> Self {
        Self { style, ..self }
    }

    /// Chooses what becomes of requests when the storage fails.
    #[must_use]
    pub fn on_failure(self, failure: Failure) -> Self {
        Self { failure, ..self }
    }

    /// Calls `report` with each error of the storage, such as to log it. Errors when an
    /// answer is settled show nowhere else: the units stay taken.
    #[must_use]
    pub fn on_error(self, report: impl Fn(&StorageError) + Send + Sync + 'static) -> Self {
        Self {
            report: Some(Arc::new(report)),
            ..self
        }
    }

    /// Answers refused requests in another way than [`Refusal::response`] does, of gRPC too.
    /// Headers about limits, and `Retry-After` if it has none, are added to the answer.
    #[must_use]
    pub fn on_refusal(
        self,
        handler: impl Fn(&Refusal<'_>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self {
            handler: Some(Arc::new(handler)),
            ..self
        }
    }

    /// Reads the time from `clock`.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + Send + Sync + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            ..self
        }
    }

    /// Makes the layer, to be put around any number of services and routes: they share it.
    ///
    /// # Errors
    ///
    /// A policy has no limits to choose from, a name that is taken or is no name, or a
    /// strategy that the storage keeps no windows for.
    pub fn layer(self) -> Result<RateLimitLayer, PolicyError> {
        for (number, policy) in self.policies.iter().enumerate() {
            self.check(policy, self.policies.iter().take(number))?;
        }
        Ok(RateLimitLayer::new(self))
    }

    fn check<'a>(
        &self,
        policy: &Policy,
        mut before: impl Iterator<Item = &'a Policy>,
    ) -> Result<(), PolicyError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let name = &policy.name;
        if name.is_empty() || !name.bytes().all(is_allowed) {
            return Err(PolicyError::name(name));
        }
        if before.any(|other| other.name == *name) {
            return Err(PolicyError::duplicate(name));
        }
        if policy.limits.items().is_empty() && !policy.has_plans() {
            return Err(PolicyError::empty(name));
        }
        if !self.storage.supports(policy.strategy) {
            return Err(PolicyError::strategy(name, policy.strategy));
        }
        Ok(())
    }

    /// Whether a request passes uncounted.
    pub(super) fn is_exempt(&self, parts: &Parts) -> bool {
        self.exemptions.iter().any(|exempts| exempts(parts))
    }

    pub(super) fn report(&self, error: &StorageError) {
        if let Some(report) = &self.report {
            report(error);
        }
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies")
            .field("storage", &self.storage)
            .field("policies", &self.policies)
            .field("style", &self.style)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "memory"))]
mod tests {
    use limits_core::{RateLimitItem, StrategyName};

    use super::*;
    use crate::any::AnyStorageBuilder;
    use crate::http::Limits;
    use crate::memory::MemoryStorage;

    fn error(policies: impl IntoIterator<Item = Policy>) -> String {
        let storage = AnyStorageBuilder::new("mine", MemoryStorage::new())
            .with(limits_core::window::Fixed)
            .build();
        let policies = policies
            .into_iter()
            .fold(Policies::new(storage), Policies::with);
        policies
            .layer()
            .expect_err("policies that are wrong")
            .to_string()
    }

    fn policy(name: &str) -> Policy {
        Policy::new(name, RateLimitItem::per_second(1).into())
    }

    #[test]
    fn a_name_has_to_fit_into_headers_and_keys() {
        for name in ["", "a b", "a/b", "a\"b", "ä", "a\nb"] {
            let expected =
                format!("policy {name:?}: a name is of letters, digits, '-', '_' and '.'");
            assert_eq!(error([policy(name)]), expected);
        }
    }

    #[test]
    fn two_policies_have_two_names() {
        let expected = r#"policy "a": another policy has this name; choose one for each"#;
        assert_eq!(error([policy("a"), policy("b"), policy("a")]), expected);
    }

    #[test]
    fn a_policy_has_limits() {
        let expected = r#"policy "a": it has no limits; give it some, or plans"#;
        assert_eq!(error([Policy::new("a", Limits::none())]), expected);
    }

    #[test]
    fn the_storage_keeps_the_windows_of_a_policy() {
        let expected = r#"policy "a": the storage does not support gcra; choose another strategy"#;
        assert_eq!(
            error([policy("a").with_strategy(StrategyName::Gcra)]),
            expected
        );
    }
}
