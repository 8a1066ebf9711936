//! Why a storage can't decide.

use core::error::Error;
use core::fmt;
use std::sync::Arc;

use limits_core::{TableError, UnknownStrategy};

/// What callers can tell apart about a [`StorageError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// The storage can't be reached.
    Unavailable,
    /// The storage didn't answer in time.
    Timeout,
    /// Too many callers changed the same key at once.
    Contended,
    /// The storage keeps no windows of the kind the strategy needs.
    Unsupported,
    /// The storage holds as many keys as it may.
    Full,
    /// What is stored under the key is not the state of a limit.
    Corrupt,
    /// The URI, an option, or how the server is set up is wrong: waiting changes nothing.
    Configuration,
}

/// A storage's failure to decide: what kind, in which backend, and why.
///
/// Its message never holds a URI, so no password either. Clones share the cause, for
/// callers that were waiting for the same answer.
#[derive(Clone)]
pub struct StorageError(Arc<Parts>);

/// Apart, since answers are passed through many hands and errors are rare.
struct Parts {
    kind: StorageErrorKind,
    backend: String,
    source: Box<dyn Error + Send + Sync>,
}

impl StorageError {
    /// Makes the error of `backend`, for its own reason.
    pub fn new(
        kind: StorageErrorKind,
        backend: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Parts {
            kind,
            backend: backend.into(),
            source: source.into(),
        }))
    }

    pub(crate) fn configuration(
        backend: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::new(StorageErrorKind::Configuration, backend, source)
    }

    /// Tells what kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> StorageErrorKind {
        self.0.kind
    }

    /// Tells which backend failed: the scheme of its URI.
    #[must_use]
    pub fn backend(&self) -> &str {
        &self.0.backend
    }
}

/// The name of a strategy was wrong.
impl From<UnknownStrategy> for StorageError {
    fn from(error: UnknownStrategy) -> Self {
        Self::configuration("limits", error)
    }
}

/// A storage of fixed capacity, or its blocks, failed beside one of this crate.
impl From<TableError> for StorageError {
    fn from(error: TableError) -> Self {
        let kind = match error {
            TableError::Full => StorageErrorKind::Full,
            TableError::LimitTooLarge => StorageErrorKind::Unsupported,
            _ => StorageErrorKind::Configuration,
        };
        Self::new(kind, "table", error)
    }
}

impl fmt::Debug for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageError")
            .field("kind", &self.0.kind)
            .field("backend", &self.0.backend)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.backend, self.0.source)
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The message has the source's own in it already.
        self.0.source.source()
    }
}

impl StorageErrorKind {
    /// The name, such as `unavailable`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Contended => "contended",
            Self::Unsupported => "unsupported",
            Self::Full => "full",
            Self::Corrupt => "corrupt",
            Self::Configuration => "configuration",
        }
    }
}

impl fmt::Display for StorageErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
