//! What answers say about limits.

mod draft11;
mod each;
mod report;
mod seconds;

use http::HeaderMap;

use self::report::Report;
pub(super) use self::seconds::rounded_up;
use super::Verdict;

/// How answers say what is left, admitted and refused ones.
///
/// Styles have the version of what they follow in their names, since that may change.
/// Policies that are hidden or shadows don't show, and nothing does when the storage's
/// numbers aren't known. The fields are appended to what the service wrote. Spans are in
/// whole seconds, rounded up. `Retry-After` is on refusals only, in every style.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum HeaderStyle {
    /// The lists of draft-ietf-httpapi-ratelimit-headers-11, with an item for each limit:
    /// `RateLimit-Policy: "client";q=5;w=60;pk=:3q2+78r+:` and
    /// `RateLimit: "client";r=4;t=60;pk=:3q2+78r+:`. The partition key is of a hash.
    #[default]
    IetfDraft11,
    /// Of the limit that binds, `RateLimit-Limit`, `RateLimit-Remaining` and
    /// `RateLimit-Reset`, in seconds from now: the drafts up to 06.
    IetfDraft06,
    /// Of the limit that binds, `X-RateLimit-Limit`, `X-RateLimit-Remaining` and
    /// `X-RateLimit-Reset`, in seconds from now.
    XRateLimitDelta,
    /// The same with `X-RateLimit-Reset` in seconds since 1970-01-01 UTC. Its `Date`, which
    /// servers add, tells a client whose clock is wrong how far off it is.
    XRateLimitEpoch,
    /// None.
    Off,
}

impl HeaderStyle {
    pub(super) fn write(self, verdict: &Verdict, headers: &mut HeaderMap) {
        let Some(report) = Report::of(verdict) else {
            return;
        };
        match self {
            Self::IetfDraft11 => draft11::write(&report, headers),
            Self::IetfDraft06 => each::IETF.write(&report.binding, headers),
            Self::XRateLimitDelta => each::X_RATE_LIMIT.write(&report.binding, headers),
            Self::XRateLimitEpoch => {
                each::X_RATE_LIMIT.write(&report.binding.with_reset_since_epoch(), headers);
            }
            Self::Off => {}
        }
    }

    /// Whether clients are told the partition that they count in.
    pub(super) const fn has_partitions(self) -> bool {
        matches!(self, Self::IetfDraft11)
    }

    /// Whether refusals are of the draft's type of problem.
    pub(super) const fn is_of_a_draft(self) -> bool {
        matches!(self, Self::IetfDraft11 | Self::IetfDraft06)
    }
}

#[cfg(test)]
mod tests;
