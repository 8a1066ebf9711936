//! Who is limited.

use core::pin::Pin;
use std::sync::Arc;

use http::StatusCode;
use http::header::HeaderName;
use http::request::Parts;

use super::ClientAddress;
use super::hash::Hash;

/// What becomes of a request without the key that a policy counts by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Missing {
    /// All such requests count together, as one caller.
    #[default]
    Shared,
    /// The policy does not apply to the request.
    Exempt,
    /// The request is refused with this status, and nothing is counted; a shadow policy
    /// does not apply.
    Refuse(StatusCode),
}

type Find = dyn Fn(&Parts) -> Option<String> + Send + Sync;
type Found = Pin<Box<dyn Future<Output = Option<String>> + Send>>;
type FindLater = dyn Fn(&Parts) -> Found + Send + Sync;

/// How a request's caller is found.
#[derive(Clone)]
pub(super) enum Caller {
    /// Everyone counts together.
    Everyone,
    Now(Arc<Find>),
    Later(Arc<FindLater>),
}

impl Caller {
    pub(super) fn now(find: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::Now(Arc::new(find))
    }

    pub(super) fn later<F>(find: impl Fn(&Parts) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        Self::Later(Arc::new(move |parts| Box::pin(find(parts))))
    }

    pub(super) fn client(address: ClientAddress) -> Self {
        Self::now(move |parts| Some(address.group(address.find(parts)?)))
    }

    /// By the hash of a header's value, which may be a secret, and as long as a client likes.
    pub(super) fn header(name: HeaderName) -> Self {
        Self::now(move |parts| Some(Hash::of(parts.headers.get(&name)?.as_bytes()).to_string()))
    }

    /// The caller of a request, `None` if it has no key.
    pub(super) async fn find(&self, parts: &Parts) -> Option<String> {
        match self {
            Self::Everyone => None,
            Self::Now(find) => find(parts),
            Self::Later(find) => find(parts).await,
        }
    }
}
