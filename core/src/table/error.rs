use core::fmt;

use super::KeyError;

/// Why a storage of fixed capacity can't decide.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TableError {
    /// All the slots that the key may use hold live windows of other keys.
    Full,
    /// The key can't be a key of this table.
    Key(KeyError),
    /// The limit's amount is above 2^32 - 1, or above what the log of a moving window has room for.
    LimitTooLarge,
    /// The storage is called by the hash or the comparison of its own key.
    InUse,
}

impl From<KeyError> for TableError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("table: no slot is free for a new key"),
            Self::Key(error) => write!(f, "table: {error}"),
            Self::LimitTooLarge => f.write_str("table: the amount is above what a slot can count"),
            Self::InUse => f.write_str("table: called from within a call"),
        }
    }
}

impl core::error::Error for TableError {}
