//! Which errors are failures of a storage.

use crate::error::{StorageError, StorageErrorKind};

/// Whether a policy answers in the place of the storage. What a storage doesn't support is
/// a mistake in the program, and nobody's failure.
pub(super) fn is_failure(error: &StorageError) -> bool {
    error.kind() != StorageErrorKind::Unsupported
}

/// Whether the storage as a whole is out of reach, and not one of its keys.
pub(super) fn is_outage(error: &StorageError) -> bool {
    matches!(
        error.kind(),
        StorageErrorKind::Unavailable | StorageErrorKind::Timeout | StorageErrorKind::Configuration
    )
}
