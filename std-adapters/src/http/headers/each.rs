//! The styles with a header for each number.

use http::header::{HeaderMap, HeaderName};

use super::report::Quota;

/// The names of three headers.
pub(super) struct Triple {
    limit: HeaderName,
    remaining: HeaderName,
    reset: HeaderName,
}

pub(super) const IETF: Triple = Triple {
    limit: HeaderName::from_static("ratelimit-limit"),
    remaining: HeaderName::from_static("ratelimit-remaining"),
    reset: HeaderName::from_static("ratelimit-reset"),
};

pub(super) const X_RATE_LIMIT: Triple = Triple {
    limit: HeaderName::from_static("x-ratelimit-limit"),
    remaining: HeaderName::from_static("x-ratelimit-remaining"),
    reset: HeaderName::from_static("x-ratelimit-reset"),
};

impl Triple {
    pub(super) fn write(self, quota: &Quota<'_>, headers: &mut HeaderMap) {
        headers.append(self.limit, quota.amount.into());
        headers.append(self.remaining, quota.remaining.into());
        headers.append(self.reset, quota.reset.into());
    }
}
