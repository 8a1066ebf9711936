use core::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};

use super::grpc;
use super::headers::{HeaderStyle, rounded_up};
use super::policy::Visibility;
use super::problem;
use super::verdict::{Outcome, Verdict};

/// Why a request was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Some limit has not enough left.
    Limited,
    /// A policy refuses requests without its key, with this status.
    MissingKey(StatusCode),
    /// The storage can't decide, and such requests are refused with this status.
    StorageFailed(StatusCode),
}

/// A request that was refused, and why: what the answer is made from.
///
/// ```
/// use http::Response;
/// use limits::http::{Policies, Refusal};
/// # let policies = Policies::new(limits::storage_from_string("memory://")?);
///
/// let policies = policies.on_refusal(|refusal: &Refusal<'_>| {
///     if refusal.request().uri.path().starts_with("/pages") {
///         let body = format!("Please come back in {:?}.", refusal.retry_after());
///         let mut response = Response::new(body.into());
///         *response.status_mut() = refusal.status();
///         return response;
///     }
///     refusal.response()
/// });
/// # Ok::<(), limits::StorageError>(())
/// ```
#[derive(Debug)]
pub struct Refusal<'a> {
    request: &'a Parts,
    verdict: &'a Verdict,
    reason: Reason,
    style: HeaderStyle,
}

impl<'a> Refusal<'a> {
    pub(super) const fn new(
        request: &'a Parts,
        verdict: &'a Verdict,
        reason: Reason,
        style: HeaderStyle,
    ) -> Self {
        Self {
            request,
            verdict,
            reason,
            style,
        }
    }

    /// The request, without its body.
    #[must_use]
    pub const fn request(&self) -> &'a Parts {
        self.request
    }

    /// What the limits said, hidden ones too.
    #[must_use]
    pub const fn verdict(&self) -> &'a Verdict {
        self.verdict
    }

    /// Why it was refused.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The status of the answer: 429 if limited, else what was chosen.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self.reason {
            Reason::Limited => StatusCode::TOO_MANY_REQUESTS,
            Reason::MissingKey(status) | Reason::StorageFailed(status) => status,
        }
    }

    /// How long it is until the same request passes, if nobody else comes. `None` if it never
    /// does, and if limits weren't the reason.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let binding = self.verdict.binding();
        let is_limited = self.reason == Reason::Limited;
        binding.filter(|_| is_limited)?.decision().retry_after()
    }

    /// The limits that refuse the request and that clients may know of.
    pub fn violated(&self) -> impl Iterator<Item = &'a Outcome> + use<'a> {
        let is_violated = |outcome: &&Outcome| {
            outcome.visibility() == Visibility::Visible && !outcome.decision().allowed()
        };
        self.verdict.outcomes().iter().filter(is_violated)
    }

    /// Whether the client speaks gRPC.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        let content_type = self.request.headers.get(CONTENT_TYPE);
        content_type.is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"))
    }

    /// The usual answer: `application/problem+json` (RFC 9457). For gRPC, with the feature
    /// `grpc`, the status `RESOURCE_EXHAUSTED` with `RetryInfo` and `QuotaFailure`.
    #[must_use]
    pub fn response(&self) -> Response<Bytes> {
        let grpc = self.is_grpc().then(|| grpc::response(self)).flatten();
        grpc.unwrap_or_else(|| problem::response(self))
    }

    pub(super) const fn style(&self) -> HeaderStyle {
        self.style
    }

    /// Writes when to come back, in seconds, to an answer that doesn't say.
    pub(super) fn write_retry_after(&self, headers: &mut HeaderMap) {
        if let Some(span) = self.retry_after() {
            let seconds = rounded_up(span).max(1);
            headers.entry(RETRY_AFTER).or_insert_with(|| seconds.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use limits_core::window::{Hit, Usage};
    use limits_core::{Decision, Limit, Micros, Timestamp};

    use super::*;

    #[test]
    fn a_client_is_never_told_to_come_back_at_once() {
        let hit = Hit::new(Limit::new(1, Micros::from_secs(1)), 1, Timestamp::ZERO);
        let outcome = Outcome {
            policy: "api".into(),
            item: limits_core::RateLimitItem::per_second(1),
            is_only: true,
            visibility: Visibility::Visible,
            partition: None,
            decision: Decision::hit(false, hit, Usage::Blocked(Timestamp::ZERO)),
        };
        let verdict = Verdict::new(0, vec![outcome], Some(0));
        let (request, ()) = http::Request::new(()).into_parts();
        let refusal = Refusal::new(&request, &verdict, Reason::Limited, HeaderStyle::Off);
        let mut headers = HeaderMap::new();
        refusal.write_retry_after(&mut headers);
        assert_eq!(headers[RETRY_AFTER], "1");
    }
}
