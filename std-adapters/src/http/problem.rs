//! Refusals as problems (RFC 9457).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::refusal::{Reason, Refusal};

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

pub(super) fn response(refusal: &Refusal<'_>) -> Response<Bytes> {
    let body = Value::Object(members(refusal)).to_string();
    let mut response = Response::new(body.into());
    *response.status_mut() = refusal.status();
    response.headers_mut().insert(CONTENT_TYPE, PROBLEM);
    response
}

fn members(refusal: &Refusal<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    let (kind, title) = kind(refusal);
    members.insert("type".into(), kind.into());
    members.insert("title".into(), title.into());
    members.insert("status".into(), refusal.status().as_u16().into());
    if refusal.reason() == Reason::Limited {
        let names = refusal.violated().map(|outcome| outcome.name().into());
        members.insert("violated-policies".into(), Value::Array(names.collect()));
    }
    members
}

/// The type of the problem and its title: those of the draft whose headers are written.
fn kind(refusal: &Refusal<'_>) -> (&'static str, &'static str) {
    let status = refusal.status();
    match refusal.reason() {
        Reason::Limited if refusal.style().is_of_a_draft() => (
            "https://iana.org/assignments/http-problem-types#quota-exceeded",
            "Request cannot be satisfied as assigned quota has been exceeded",
        ),
        Reason::StorageFailed(StatusCode::SERVICE_UNAVAILABLE)
            if refusal.style().is_of_a_draft() =>
        {
            (
                "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
                "Request cannot be satisfied due to temporary server capacity constraints",
            )
        }
        _ => (
            "about:blank",
            status.canonical_reason().unwrap_or("Refused"),
        ),
    }
}
