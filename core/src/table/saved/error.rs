use core::fmt;

/// Why a storage was not saved or not restored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StateError {
    /// The buffer has no room for all windows that are not over.
    BufferTooSmall,
    /// The bytes are not of this version of the format: memory that was never
    /// saved to, for the most part.
    Version,
    /// The bytes are the state of a storage of another kind of window, room,
    /// length of keys or number of slots.
    Layout,
    /// The bytes were cut, or are not those that were saved.
    Corrupt,
    /// Units of the storage are reserved, or it is called by the hash or the
    /// comparison of its own key.
    InUse,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferTooSmall => "state: the buffer is too small",
            Self::Version => "state: never saved, or by another version",
            Self::Layout => "state: saved by a storage of another layout",
            Self::Corrupt => "state: cut or corrupt",
            Self::InUse => "state: units are reserved, or called from within a call",
        })
    }
}

impl core::error::Error for StateError {}
