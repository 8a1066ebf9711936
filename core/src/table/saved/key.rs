use heapless::{String, Vec};

use crate::item::Limit;
use crate::table::TableKey;
use crate::time::Micros;
use crate::window::{StateReader, StateWriter};

/// A key that can be [saved](crate::TableStorage::save) as bytes: every [`TableKey`] of this crate.
///
/// Two types of keys of one [`LEN`](Self::LEN) are not told apart by a restore.
pub trait SavedKey: TableKey {
    /// The most bytes that a key takes, up to 65,535.
    const LEN: usize;

    /// Writes the key, `None` if there is no room.
    fn save(&self, to: &mut StateWriter<'_>) -> Option<()>;

    /// Reads a key, `None` if there is none. All the bytes that were written must be read.
    fn restore(from: &mut StateReader<'_>) -> Option<Self>;
}

macro_rules! saved_as_a_number {
    ($($number:ty),*) => {$(
        impl SavedKey for $number {
            const LEN: usize = size_of::<Self>();

            fn save(&self, to: &mut StateWriter<'_>) -> Option<()> {
                to.put(&self.to_le_bytes())
            }

            fn restore(from: &mut StateReader<'_>) -> Option<Self> {
                from.take().map(Self::from_le_bytes)
            }
        }
    )*};
}

saved_as_a_number!(u8, u16, u32, u64);

impl<const L: usize> SavedKey for [u8; L] {
    const LEN: usize = L;

    fn save(&self, to: &mut StateWriter<'_>) -> Option<()> {
        to.put(self)
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self> {
        from.take()
    }
}

/// The key, and the amount and the period in 16 bytes.
impl<K: SavedKey> SavedKey for (K, Limit) {
    const LEN: usize = K::LEN + 16;

    fn save(&self, to: &mut StateWriter<'_>) -> Option<()> {
        let (key, limit) = self;
        key.save(to)?;
        to.put(&limit.amount().to_le_bytes())?;
        to.put(&limit.period().as_micros().to_le_bytes())
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self> {
        let key = K::restore(from)?;
        let amount = u64::from_le_bytes(from.take()?);
        let period = Micros::from_micros(u64::from_le_bytes(from.take()?));
        Some((key, Limit::new(amount, period)))
    }
}

/// The length in 2 bytes, and so many bytes of text.
impl<const L: usize> SavedKey for String<L> {
    const LEN: usize = 2 + L;

    fn save(&self, to: &mut StateWriter<'_>) -> Option<()> {
        let len = u16::try_from(self.len()).ok()?;
        to.put(&len.to_le_bytes())?;
        to.put(self.as_bytes())
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self> {
        let len = u16::from_le_bytes(from.take()?);
        let bytes = Vec::from_slice(from.take_slice(len.into())?).ok()?;
        Self::from_utf8(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use core::fmt::Debug;

    fn reader(bytes: &[u8]) -> StateReader<'_> {
        StateReader::new(bytes, Timestamp::ZERO, Micros::ZERO)
    }

    /// Checks that a key is saved as these bytes, and restored from them and no fewer.
    fn is_saved_as<K: SavedKey + Debug>(key: K, bytes: &[u8]) {
        let mut buffer = [0; 64];
        let mut writer = StateWriter::new(&mut buffer, Timestamp::ZERO);
        assert_eq!(key.save(&mut writer), Some(()), "{key:?}");
        assert_eq!(writer.into_written(), bytes, "{key:?}");
        assert!(bytes.len() <= K::LEN, "{key:?}");
        let mut from = reader(bytes);
        assert_eq!(K::restore(&mut from), Some(key));
        assert!(from.is_empty());
        for len in 0..bytes.len() {
            assert_eq!(K::restore(&mut reader(&bytes[..len])), None, "{len} bytes");
            let mut writer = StateWriter::new(&mut buffer[..len], Timestamp::ZERO);
            assert_eq!(
                K::restore(&mut reader(bytes)).and_then(|key| key.save(&mut writer)),
                None
            );
        }
    }

    fn text<const L: usize>(text: &str) -> String<L> {
        String::try_from(text).expect("the text fits")
    }

    #[test]
    fn keys_are_saved_as_bytes() {
        is_saved_as(7_u8, &[7]);
        is_saved_as(0x0201_u16, &[1, 2]);
        is_saved_as(0x0403_0201_u32, &[1, 2, 3, 4]);
        is_saved_as(0x0807_0605_0403_0201_u64, &[1, 2, 3, 4, 5, 6, 7, 8]);
        is_saved_as([9, 8, 7], &[9, 8, 7]);
        is_saved_as(text::<8>("é!"), &[3, 0, 0xC3, 0xA9, b'!']);
        is_saved_as(text::<3>("é!"), &[3, 0, 0xC3, 0xA9, b'!']);
        is_saved_as(text::<0>(""), &[0, 0]);
    }

    #[test]
    fn a_key_with_its_limit_is_followed_by_it() {
        let limit = Limit::new(5, Micros::from_micros(256));
        let bytes = [7, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        is_saved_as((7_u8, limit), &bytes);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(String::<8>::restore(&mut reader(&[2, 0, 0xC3, 0xC3])), None);
    }

    #[test]
    fn a_text_that_does_not_fit_is_refused() {
        assert_eq!(String::<1>::restore(&mut reader(&[2, 0, b'a', b'b'])), None);
    }
}
