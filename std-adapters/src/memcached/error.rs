//! Why a server did not answer.

use core::time::Duration;
use std::io;

use super::store::NAME;
use crate::error::{StorageError, StorageErrorKind};

pub(super) fn lost() -> StorageError {
    failed(StorageErrorKind::Unavailable, "the connection was lost")
}

pub(super) fn late(what: &str, limit: Duration) -> StorageError {
    failed(
        StorageErrorKind::Timeout,
        format!("no {what} within {limit:?}"),
    )
}

pub(super) fn late_answer() -> StorageError {
    failed(StorageErrorKind::Timeout, "no answer in time")
}

pub(super) fn no_runtime() -> StorageError {
    let reason = "there is no tokio runtime here, which connections need";
    failed(StorageErrorKind::Configuration, reason)
}

pub(super) fn wrong_login() -> StorageError {
    let reason = "the server does not take the user and the password";
    failed(StorageErrorKind::Configuration, reason)
}

pub(super) fn of_connecting(error: io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::InvalidData => of_exchange(&error),
        _ => failed(
            StorageErrorKind::Unavailable,
            format!("can't connect: {error}"),
        ),
    }
}

/// What can't be read is no memcached's, and waiting doesn't change that.
pub(super) fn of_exchange(error: &io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::InvalidData => {
            let reason = "the server does not speak memcached's protocol";
            failed(StorageErrorKind::Configuration, reason)
        }
        io::ErrorKind::UnexpectedEof => lost(),
        _ => failed(
            StorageErrorKind::Unavailable,
            format!("the connection was lost: {error}"),
        ),
    }
}

/// A server's words that are no reply to what was asked.
pub(super) fn of_reply(words: &str) -> StorageError {
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
    failed(kind, reason)
}

fn failed(kind: StorageErrorKind, reason: impl Into<String>) -> StorageError {
    StorageError::new(kind, NAME, reason.into())
}
