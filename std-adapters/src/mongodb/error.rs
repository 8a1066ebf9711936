use core::fmt;

use mongodb::error::{Error, ErrorKind};

use crate::error::{StorageError, StorageErrorKind};

/// The code of a key that is there already.
const DUPLICATE_KEY: i32 = 11_000;

/// The code of an operation whose collection was dropped meanwhile.
const QUERY_PLAN_KILLED: i32 = 175;

/// The code of an operation that such a server has not: one of its own, transactions.
const ILLEGAL_OPERATION: i32 = 20;

/// Why an operation has no answer.
///
/// It holds no error of the driver: such a one quotes the command and the server's answer,
/// and so identifiers.
#[derive(Debug)]
pub(super) struct Failure {
    kind: StorageErrorKind,
    message: String,
}

impl Failure {
    pub(super) fn new(kind: StorageErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    pub(super) fn timed_out() -> Self {
        Self::new(StorageErrorKind::Timeout, "no answer in time")
    }

    pub(super) fn of(error: &Error) -> Self {
        Self::new(kind(error), message(error))
    }

    pub(super) fn into_storage_error(self, backend: &str) -> StorageError {
        StorageError::new(self.kind, backend, self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Failure {}

/// Whether the operation did nothing, and may do better when it is sent once more: somebody
/// else has just inserted the document, or dropped the collection.
pub(super) fn is_passing(error: &Error) -> bool {
    matches!(code(error), Some(DUPLICATE_KEY | QUERY_PLAN_KILLED))
}

/// Whether it was the beginning of a transaction, on a server that is no part of a replica
/// set.
pub(super) fn has_no_transactions(error: &Error) -> bool {
    code(error) == Some(ILLEGAL_OPERATION)
}

fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(error) => Some(error.code),
        _ => None,
    }
}

fn kind(error: &Error) -> StorageErrorKind {
    use StorageErrorKind as Kind;
    match &*error.kind {
        ErrorKind::Authentication { .. }
        | ErrorKind::IncompatibleServer { .. }
        | ErrorKind::InvalidArgument { .. }
        | ErrorKind::InvalidTlsConfig { .. } => Kind::Configuration,
        ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Kind::Timeout,
        ErrorKind::Command(error) => kind_of_code(error.code),
        // A pool says as text why it was emptied.
        ErrorKind::ConnectionPoolCleared { message, .. } if message.contains("Authentication") => {
            Kind::Configuration
        }
        _ => Kind::Unavailable,
    }
}

fn kind_of_code(code: i32) -> StorageErrorKind {
    use StorageErrorKind as Kind;
    match code {
        // Unauthorized, AuthenticationFailed, names that can't be, another index in the
        // place of ours, and what an older server doesn't know.
        13 | 18 | 73 | 85 | 86 | 9 | 59 | 168 | 40_324 => Kind::Configuration,
        // MaxTimeMSExpired, ExceededTimeLimit.
        50 | 262 => Kind::Timeout,
        DUPLICATE_KEY | QUERY_PLAN_KILLED => Kind::Contended,
        // OutOfDiskSpace.
        14_031 => Kind::Full,
        // TypeMismatch, ConversionFailure, and what arithmetic says.
        14 | 241 | 16_554..=16_556 | 51_081 => Kind::Corrupt,
        _ => Kind::Unavailable,
    }
}

fn message(error: &Error) -> String {
    let message = match &*error.kind {
        ErrorKind::Command(error) => {
            format!("the server answers {} ({})", error.code, error.code_name)
        }
        ErrorKind::Authentication { .. } => "the server refuses user or password".to_owned(),
        ErrorKind::Io(error) => error.to_string(),
        ErrorKind::ServerSelection { message, .. } => message.clone(),
        ErrorKind::ConnectionPoolCleared { .. } => "the connection was lost".to_owned(),
        ErrorKind::DnsResolve { .. } => "the hosts are not found".to_owned(),
        ErrorKind::InvalidTlsConfig { .. } => "the options of encryption are wrong".to_owned(),
        ErrorKind::IncompatibleServer { .. } => "the server is too old".to_owned(),
        _ => "the driver failed".to_owned(),
    };
    message.replace(['\r', '\n'], " ")
}
