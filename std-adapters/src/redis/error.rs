use core::fmt;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::source::Source;
use crate::error::{StorageError, StorageErrorKind};

/// Why a command has no answer.
#[derive(Debug)]
pub(super) struct Failure {
    error: RedisError,
    /// What was going on, and what to do about it, if that is known.
    about: String,
}

impl Failure {
    pub(super) fn of_connect(error: RedisError, source: &Source) -> Self {
        let about = format!("can't connect to {source}");
        Self { error, about }
    }

    pub(super) fn of_command(error: RedisError) -> Self {
        let about = String::new();
        Self { error, about }
    }

    /// Tells that the script is to be sent in full.
    pub(super) fn is_unknown_script(&self) -> bool {
        self.error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
    }

    /// Says for which key it was, if that key is what is wrong.
    pub(super) fn for_key(mut self, key: &str) -> Self {
        if self.is_of_another_type() {
            self.about = format!(
                "`{key}` holds a value of another type: the fixed and the moving windows of one \
                 item share a key, so put one of them under another namespace or key prefix"
            );
        } else if self.kind() == StorageErrorKind::Corrupt {
            self.about = format!("`{key}` does not hold the state of a limit");
        }
        self
    }

    pub(super) fn into_storage_error(self, backend: &str) -> StorageError {
        StorageError::new(self.kind(), backend, self)
    }

    fn kind(&self) -> StorageErrorKind {
        use StorageErrorKind as Kind;
        let error = &self.error;
        match error.kind() {
            _ if error.is_timeout() => Kind::Timeout,
            _ if self.is_of_another_type() => Kind::Corrupt,
            ErrorKind::AuthenticationFailed
            | ErrorKind::InvalidClientConfig
            | ErrorKind::RESP3NotSupported => Kind::Configuration,
            ErrorKind::UnexpectedReturnType | ErrorKind::Parse => Kind::Corrupt,
            ErrorKind::Server(_) | ErrorKind::Extension => match error.code() {
                Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "CROSSSLOT") => Kind::Configuration,
                Some("OOM") => Kind::Full,
                Some("ERR") if self.is_about_the_value() => Kind::Corrupt,
                _ => Kind::Unavailable,
            },
            _ => Kind::Unavailable,
        }
    }

    /// Redis before 7 tells the error of a command within that of the script.
    fn is_of_another_type(&self) -> bool {
        let detail = self.error.detail();
        self.error.code() == Some("WRONGTYPE")
            || detail.is_some_and(|detail| detail.contains("WRONGTYPE"))
    }

    /// A script stops in arithmetic, or a command in it, when it reads no number.
    fn is_about_the_value(&self) -> bool {
        let detail = self.error.detail();
        detail.is_some_and(|detail| detail.contains("user_script"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.about.is_empty() {
            write!(f, "{}", self.error)
        } else {
            write!(f, "{}: {}", self.about, self.error)
        }
    }
}

impl core::error::Error for Failure {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // The message has the error's own in it already.
        self.error.source()
    }
}
