use core::time::Duration;
use std::io;

use crate::error::{StorageError, StorageErrorKind};

/// Why a server did not answer, for everybody who waits for it.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    kind: StorageErrorKind,
    reason: String,
}

impl Failure {
    fn new(kind: StorageErrorKind, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { kind, reason }
    }

    pub(super) fn lost() -> Self {
        Self::new(StorageErrorKind::Unavailable, "the connection was lost")
    }

    pub(super) fn late(what: &str, limit: Duration) -> Self {
        Self::new(
            StorageErrorKind::Timeout,
            format!("no {what} within {limit:?}"),
        )
    }

    pub(super) fn late_answer() -> Self {
        Self::new(StorageErrorKind::Timeout, "no answer in time")
    }

    pub(super) fn no_runtime() -> Self {
        let reason = "there is no tokio runtime here, which connections need";
        Self::new(StorageErrorKind::Configuration, reason)
    }

    pub(super) fn wrong_login() -> Self {
        let reason = "the server does not take the user and the password";
        Self::new(StorageErrorKind::Configuration, reason)
    }

    pub(super) fn of_connecting(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::of_exchange(&error),
            _ => Self::new(
                StorageErrorKind::Unavailable,
                format!("can't connect: {error}"),
            ),
        }
    }

    /// What can't be read is no memcached's, and waiting doesn't change that.
    pub(super) fn of_exchange(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => {
                let reason = "the server does not speak memcached's protocol";
                Self::new(StorageErrorKind::Configuration, reason)
            }
            io::ErrorKind::UnexpectedEof => Self::lost(),
            _ => Self::new(
                StorageErrorKind::Unavailable,
                format!("the connection was lost: {error}"),
            ),
        }
    }

    /// A server's words that are no reply to what was asked.
    pub(super) fn of_reply(words: &str) -> Self {
        let (kind, reason) = match words {
            "ERROR" => (
                StorageErrorKind::Configuration,
                "the server knows no meta commands: memcached 1.6 or newer is needed",
            ),
            words if words.contains("unauthenticated") => (
                StorageErrorKind::Configuration,
                "the server wants a user and a password",
            ),
            words if words.contains("too large") => (
                StorageErrorKind::Full,
                "the window does not fit into an item of the server, see its option -I",
            ),
            words if words.contains("out of memory") => {
                (StorageErrorKind::Full, "the server is out of memory")
            }
            _ => (StorageErrorKind::Unavailable, "the server failed"),
        };
        Self::new(kind, reason)
    }

    pub(super) fn into_storage_error(self, backend: &str) -> StorageError {
        StorageError::new(self.kind, backend, self.reason)
    }
}
