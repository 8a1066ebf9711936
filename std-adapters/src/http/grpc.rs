//! Refusals of gRPC: an answer of headers only, which a client reads as trailers.

#[cfg(feature = "grpc")]
pub(super) use self::with::response;
#[cfg(not(feature = "grpc"))]
pub(super) use self::without::response;

#[cfg(not(feature = "grpc"))]
mod without {
    use bytes::Bytes;
    use http::Response;

    use crate::http::Refusal;

    /// A client of gRPC understands the status of HTTP too, if less well.
    pub(in crate::http) const fn response(_: &Refusal<'_>) -> Option<Response<Bytes>> {
        None
    }
}

#[cfg(feature = "grpc")]
mod with {
    use bytes::Bytes;
    use http::{Response, StatusCode};
    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, StatusExt};

    use crate::http::{Reason, Refusal};

    // The answer is one of two, since without the feature there is none.
    pub(in crate::http) fn response(refusal: &Refusal<'_>) -> Option<Response<Bytes>> {
        let status = match refusal.reason() {
            Reason::Limited => limited(refusal),
            Reason::MissingKey(_) | Reason::StorageFailed(_) => {
                let status = refusal.status();
                Status::new(code(status), status.canonical_reason().unwrap_or("refused"))
            }
        };
        Some(status.into_http())
    }

    /// Clients try again by themselves only if they are told when.
    fn limited(refusal: &Refusal<'_>) -> Status {
        let mut details = ErrorDetails::new();
        if let Some(span) = refusal.retry_after() {
            details.set_retry_info(Some(span));
        }
        for outcome in refusal.violated() {
            details.add_quota_failure_violation(outcome.name(), outcome.item().to_string());
        }
        let message = "the rate limit is exceeded";
        Status::with_error_details(Code::ResourceExhausted, message, details)
    }

    fn code(status: StatusCode) -> Code {
        match status {
            StatusCode::BAD_REQUEST => Code::InvalidArgument,
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::FORBIDDEN => Code::PermissionDenied,
            StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            _ => Code::Internal,
        }
    }
}
