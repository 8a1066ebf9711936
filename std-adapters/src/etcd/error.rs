//! Why a member did not do what it was asked.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::io;

use tonic::{Code, ConnectError, Status};

use super::store::NAME;
use crate::error::{StorageError, StorageErrorKind};

/// A failure, and what may be done about it.
#[derive(Debug)]
pub(super) struct Failure {
    class: Class,
    kind: StorageErrorKind,
    reason: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Class {
    /// No member was asked.
    Unsent,
    /// The connection is gone, and it is not known what became of the question.
    Lost,
    /// There was no answer in time, or none that is one.
    Late,
    /// The token is no longer taken.
    Token,
    /// There is a lease of that id already.
    LeaseTaken,
    /// There is no lease of that id.
    LeaseGone,
    /// The member says no.
    Refused,
}

impl Failure {
    fn new(class: Class, kind: StorageErrorKind, reason: impl Into<String>) -> Self {
        Self {
            class,
            kind,
            reason: reason.into(),
            source: None,
        }
    }

    fn with_source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = Some(source.into());
        Self { source, ..self }
    }

    pub(super) fn late_connection(limit: Duration) -> Self {
        let reason = format!("no connection within {limit:?}");
        Self::new(Class::Unsent, StorageErrorKind::Timeout, reason)
    }

    pub(super) fn late_answer(limit: Duration) -> Self {
        let reason = format!("no answer within {limit:?}");
        Self::new(Class::Late, StorageErrorKind::Timeout, reason)
    }

    pub(super) fn no_member() -> Self {
        let reason = "the URI names no server";
        Self::new(Class::Refused, StorageErrorKind::Configuration, reason)
    }

    pub(super) fn out_of_step() -> Self {
        let reason = "the server answered something else";
        Self::new(Class::Refused, StorageErrorKind::Unavailable, reason)
    }

    pub(super) fn of_connecting(error: tonic::transport::Error) -> Self {
        let (kind, reason) = match find::<io::Error>(&error) {
            Some(cause) if cause.kind() == io::ErrorKind::TimedOut => (
                StorageErrorKind::Timeout,
                "no connection in time".to_owned(),
            ),
            Some(cause) => (
                StorageErrorKind::Unavailable,
                format!("can't connect: {cause}"),
            ),
            None => (StorageErrorKind::Unavailable, "can't connect".to_owned()),
        };
        Self::new(Class::Unsent, kind, reason).with_source(error)
    }

    pub(super) fn of_status(status: Status) -> Self {
        let failure = if status.source().is_some() {
            Self::of_transport(&status)
        } else {
            Self::of_answer(&status)
        };
        failure.with_source(status)
    }

    fn of_transport(status: &Status) -> Self {
        let unavailable = StorageErrorKind::Unavailable;
        let connecting = find::<ConnectError>(status);
        match (connecting, find::<io::Error>(status)) {
            (Some(_), Some(cause)) => {
                let reason = format!("can't connect: {cause}");
                Self::new(Class::Unsent, unavailable, reason)
            }
            (Some(_), None) => Self::new(Class::Unsent, unavailable, "can't connect"),
            (None, Some(cause)) => {
                let reason = format!("the connection was lost: {cause}");
                Self::new(Class::Lost, unavailable, reason)
            }
            (None, None) if is_other_protocol(status) => {
                let reason = "the server does not speak etcd's protocol";
                Self::new(Class::Refused, StorageErrorKind::Configuration, reason)
            }
            (None, None) if was_closed(status) => {
                Self::new(Class::Unsent, unavailable, "the connection was closed")
            }
            (None, None) => Self::new(Class::Lost, unavailable, "the connection was lost"),
        }
    }

    /// What a server says. Its words are told where they are etcd's, which name no key.
    fn of_answer(status: &Status) -> Self {
        use StorageErrorKind::{Configuration, Full, Timeout, Unavailable};
        let words = status.message();
        let has = |text| words.contains(text);
        let refused = |kind, reason: &str| Self::new(Class::Refused, kind, reason);
        match status.code() {
            _ if has("invalid auth token") || has("auth store is old") => {
                Self::new(Class::Token, Unavailable, "the token is not valid")
            }
            _ if has("lease already exists") => {
                Self::new(Class::LeaseTaken, Unavailable, "the lease is another's")
            }
            _ if has("requested lease not found") => {
                Self::new(Class::LeaseGone, Unavailable, "the lease has ended")
            }
            _ if has("authentication failed") => refused(
                Configuration,
                "the server does not take the user and the password",
            ),
            _ if has("authentication is not enabled") => refused(
                Configuration,
                "the URI has a user, but the server has none: authentication is not enabled",
            ),
            _ if has("user name is empty") || has("user name not found") => {
                refused(Configuration, "the server wants a user and a password")
            }
            Code::PermissionDenied | Code::Unauthenticated => refused(
                Configuration,
                "the user may not read and write keys with the prefix of limits",
            ),
            Code::Unimplemented => refused(Configuration, "the server is no etcd of version 3"),
            _ if has("too many operations") => refused(
                Configuration,
                "the server does not take so many operations at once, see its --max-txn-ops",
            ),
            _ if has("too large") || has("larger than max") => refused(
                Full,
                "the window does not fit into a request, see the server's --max-request-bytes",
            ),
            _ if has("database space exceeded") => refused(
                Full,
                "the server's database is full, see its --quota-backend-bytes",
            ),
            _ if has("timed out") => {
                Self::new(Class::Late, Timeout, words.escape_debug().to_string())
            }
            Code::DeadlineExceeded | Code::Cancelled => {
                Self::new(Class::Late, Timeout, "no answer in time")
            }
            code if words.starts_with("etcdserver: ") => {
                let class = if code == Code::Unavailable {
                    Class::Late
                } else {
                    Class::Refused
                };
                Self::new(class, Unavailable, words.escape_debug().to_string())
            }
            code => Self::new(
                Class::Lost,
                Unavailable,
                format!("the server failed: {code}"),
            ),
        }
    }

    /// Whether the question may be asked anew: nobody has got it.
    pub(super) fn is_unsent(&self) -> bool {
        self.class == Class::Unsent
    }

    /// Whether a new connection to the same member may do better.
    pub(super) fn is_of_connection(&self) -> bool {
        matches!(self.class, Class::Unsent | Class::Lost)
    }

    /// Whether another member may do better.
    pub(super) fn is_of_member(&self) -> bool {
        matches!(self.class, Class::Unsent | Class::Lost | Class::Late)
    }

    pub(super) fn is_of_token(&self) -> bool {
        self.class == Class::Token
    }

    pub(super) fn is_lease_taken(&self) -> bool {
        self.class == Class::LeaseTaken
    }

    pub(super) fn is_lease_gone(&self) -> bool {
        self.class == Class::LeaseGone
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind, NAME, failure)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// The cause of a kind that an error has.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// Whether what came was no frame of HTTP/2.
fn is_other_protocol(error: &(dyn Error + 'static)) -> bool {
    let reason = find::<h2::Error>(error).and_then(h2::Error::reason);
    matches!(
        reason,
        Some(h2::Reason::FRAME_SIZE_ERROR | h2::Reason::PROTOCOL_ERROR)
    )
}

/// Whether the question was still waiting to be sent; hyper says so in words only.
fn was_closed(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.to_string() == "connection closed" {
            return true;
        }
        cause = error.source();
    }
    false
}
