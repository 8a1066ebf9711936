use core::fmt;

use heapless::{String, Vec};

use crate::item::Limit;
use crate::key::{Identifiers, Key};

/// A key that a table of fixed capacity can hold.
///
/// - `u8` to `u64`: the identifier must be a number that fits. The number alone
///   is the key, so **give each limit a storage of its own**, or its own numbers.
/// - `[u8; L]`: the identifier must be exactly that many bytes; again no limit.
/// - `(K, Limit)`: a `K` and the limit's amount and period, so that limits can
///   share a storage.
/// - `heapless::String<L>`: the whole text of the key, limit and namespace included.
///
/// All but the last have no room for a namespace and refuse one.
pub trait TableKey: Clone + Eq {
    /// Any key: what the slots hold before they are used.
    const EMPTY: Self;

    /// Makes the key of the table.
    ///
    /// # Errors
    ///
    /// The key is of another kind or too large. It is never cut.
    fn from_key(key: Key<'_>) -> Result<Self, KeyError>;

    /// Spreads keys evenly over all 32-bit numbers.
    fn hash(&self) -> u32;
}

/// Why a key can't be a key of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum KeyError {
    /// The number, the bytes or the text of the key need more room than the type has.
    TooLong,
    /// The table's keys have no room for a namespace.
    Namespace,
    /// The table's keys are numbers or so many bytes, and the identifier is something else.
    WrongKind,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the key does not fit the table's key type",
            Self::Namespace => "the table's key type has no room for a namespace",
            Self::WrongKind => "the identifier is not of the table's key type",
        })
    }
}

impl core::error::Error for KeyError {}

#[inline(always)]
fn number<T: TryFrom<u64>>(key: Key<'_>) -> Result<T, KeyError> {
    match without_namespace(key)? {
        Identifiers::Number(number) => T::try_from(number).map_err(|_| KeyError::TooLong),
        _ => Err(KeyError::WrongKind),
    }
}

#[inline(always)]
fn without_namespace(key: Key<'_>) -> Result<Identifiers<'_>, KeyError> {
    match key.item() {
        Some(item) if item.has_namespace() => Err(KeyError::Namespace),
        _ => Ok(key.identifiers()),
    }
}

/// Multiplies by 2^32 over the golden ratio, which spreads runs of numbers evenly.
const fn spread(number: u32) -> u32 {
    number.wrapping_mul(0x9E37_79B9)
}

/// FNV-1a, and a spread of its weak upper bits.
pub(super) fn hash_bytes(bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    spread(bytes.iter().fold(0x811C_9DC5, step))
}

impl TableKey for u8 {
    const EMPTY: Self = 0;

    #[inline(always)]
    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        number(key)
    }

    fn hash(&self) -> u32 {
        spread((*self).into())
    }
}

impl TableKey for u16 {
    const EMPTY: Self = 0;

    #[inline(always)]
    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        number(key)
    }

    fn hash(&self) -> u32 {
        spread((*self).into())
    }
}

impl TableKey for u32 {
    const EMPTY: Self = 0;

    #[inline(always)]
    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        number(key)
    }

    fn hash(&self) -> u32 {
        spread(*self)
    }
}

impl TableKey for u64 {
    const EMPTY: Self = 0;

    #[inline(always)]
    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        number(key)
    }

    fn hash(&self) -> u32 {
        hash_bytes(&self.to_le_bytes())
    }
}

impl<const L: usize> TableKey for [u8; L] {
    const EMPTY: Self = [0; L];

    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        match without_namespace(key)? {
            Identifiers::Bytes(bytes) if bytes.len() > L => Err(KeyError::TooLong),
            Identifiers::Bytes(bytes) => bytes.try_into().map_err(|_| KeyError::WrongKind),
            _ => Err(KeyError::WrongKind),
        }
    }

    fn hash(&self) -> u32 {
        hash_bytes(self)
    }
}

impl<K: TableKey> TableKey for (K, Limit) {
    const EMPTY: Self = (K::EMPTY, Limit::new(0, crate::time::Micros::ZERO));

    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        without_namespace(key)?;
        let item = key.item().ok_or(KeyError::WrongKind)?;
        Ok((K::from_key(key)?, item.limit()))
    }

    fn hash(&self) -> u32 {
        let [a, b] = [self.1.amount(), self.1.period().as_micros()];
        spread(self.0.hash() ^ hash_bytes(&(a ^ b.rotate_left(32)).to_le_bytes()))
    }
}

impl<const L: usize> TableKey for String<L> {
    const EMPTY: Self = Self::new();

    fn from_key(key: Key<'_>) -> Result<Self, KeyError> {
        let mut bytes = Vec::<u8, L>::new();
        bytes.resize_default(L).map_err(|_| KeyError::TooLong)?;
        let length = key.write_to(&mut bytes).ok_or(KeyError::TooLong)?.len();
        bytes.truncate(length);
        // The pieces of a key are text, so the whole is.
        Self::from_utf8(bytes).map_err(|_| KeyError::WrongKind)
    }

    fn hash(&self) -> u32 {
        hash_bytes(self.as_bytes())
    }
}
