//! Keys: which counter a hit belongs to.

use core::fmt;

use crate::item::RateLimitItem;

/// Who or what is limited: the part of a key that the caller chooses.
///
/// Made from `&str`, from a slice or array of `&str` (several, joined by `/` in
/// the key) or from an unsigned integer (decimal in the key). Bytes, such as a
/// hardware address, are made by name, [`Identifiers::Bytes`] (lower-case
/// hexadecimal in the key).
///
/// As in Python `limits` nothing is escaped: `["a", "b"]` and `"a/b"` are the
/// same key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Identifiers<'a> {
    /// One text.
    Text(&'a str),
    /// Any number of texts, none included.
    Texts(&'a [&'a str]),
    /// One number.
    Number(u64),
    /// One string of bytes, such as a hardware address.
    Bytes(&'a [u8]),
}

impl<'a> From<&'a str> for Identifiers<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [&'a str]> for Identifiers<'a> {
    fn from(texts: &'a [&'a str]) -> Self {
        Self::Texts(texts)
    }
}

impl<'a, const N: usize> From<&'a [&'a str; N]> for Identifiers<'a> {
    fn from(texts: &'a [&'a str; N]) -> Self {
        Self::Texts(texts)
    }
}

impl From<u64> for Identifiers<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Identifiers<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Identifiers<'_> {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u8> for Identifiers<'_> {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

#[cfg(feature = "alloc")]
impl<'a> From<&'a alloc::string::String> for Identifiers<'a> {
    fn from(text: &'a alloc::string::String) -> Self {
        Self::Text(text)
    }
}

/// The name of one counter in a storage, made without copying or formatting.
///
/// [`RateLimitItem::key_for`] makes one; so does `Key::from("any text")` for
/// calls to a storage without a limiter. [`Display`](fmt::Display) writes the
/// text that servers see.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Key<'a>(Source<'a>);

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Source<'a> {
    Text(&'a str),
    Item(&'a RateLimitItem<'a>, Identifiers<'a>),
}

impl RateLimitItem<'_> {
    /// Makes the key under which a storage keeps this limit's state for
    /// `identifiers`, in exactly the format of Python `limits`:
    /// `namespace/id/…/amount/multiples/granularity`, with nothing escaped.
    #[must_use]
    pub fn key_for<'a>(&'a self, identifiers: impl Into<Identifiers<'a>>) -> Key<'a> {
        Key(Source::Item(self, identifiers.into()))
    }
}

impl<'a> Key<'a> {
    /// Tells what the caller identified; a key made from text is its own identifier.
    #[must_use]
    pub const fn identifiers(&self) -> Identifiers<'a> {
        match self.0 {
            Source::Text(text) => Identifiers::Text(text),
            Source::Item(_, identifiers) => identifiers,
        }
    }

    /// Tells the item the key was made for, `None` if it was made from text.
    #[must_use]
    pub const fn item(&self) -> Option<&'a RateLimitItem<'a>> {
        match self.0 {
            Source::Text(_) => None,
            Source::Item(item, _) => Some(item),
        }
    }

    /// Whether both keys are made of the same parts, and so are the same text.
    pub(crate) fn is_like(&self, other: &Key<'_>) -> bool {
        match (self.0, other.0) {
            (Source::Text(one), Source::Text(other)) => one == other,
            (Source::Item(one, ids), Source::Item(other, other_ids)) => {
                one == other && ids == other_ids
            }
            _ => false,
        }
    }

    /// Writes the key's text to the front of `buffer` and returns it, or `None`
    /// if it doesn't fit. O(length of the key) and cheaper than formatting.
    #[must_use]
    pub fn write_to<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let mut length = 0;
        let mut fits = true;
        self.for_each_piece(|piece| {
            let end = length + piece.len();
            match buffer.get_mut(length..end) {
                Some(room) if fits => room.copy_from_slice(piece),
                _ => fits = false,
            }
            length = end;
        });
        buffer.get(..length).filter(|_| fits)
    }

    /// Calls `piece` with the parts of the key's text in order, each of them UTF-8.
    fn for_each_piece(&self, mut piece: impl FnMut(&[u8])) {
        match self.0 {
            Source::Text(text) => piece(text.as_bytes()),
            Source::Item(item, identifiers) => {
                piece(item.namespace().as_bytes());
                identifiers.for_each_piece(&mut piece);
                piece(b"/");
                piece(Decimal::of(item.amount()).digits());
                piece(b"/");
                piece(Decimal::of(item.multiples().into()).digits());
                piece(b"/");
                piece(item.granularity().name().as_bytes());
            }
        }
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(text: &'a str) -> Self {
        Self(Source::Text(text))
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut result = Ok(());
        self.for_each_piece(|piece| {
            let piece = core::str::from_utf8(piece).map_err(|_| fmt::Error);
            result = result.and_then(|()| f.write_str(piece?));
        });
        result
    }
}

impl Identifiers<'_> {
    fn for_each_piece(&self, piece: &mut impl FnMut(&[u8])) {
        match *self {
            Self::Text(text) => {
                piece(b"/");
                piece(text.as_bytes());
            }
            Self::Texts(texts) => {
                for text in texts {
                    piece(b"/");
                    piece(text.as_bytes());
                }
            }
            Self::Number(number) => {
                piece(b"/");
                piece(Decimal::of(number).digits());
            }
            Self::Bytes(bytes) => {
                piece(b"/");
                for byte in bytes {
                    piece(
                        &[byte >> 4, byte & 15]
                            .map(|nibble| b"0123456789abcdef"[usize::from(nibble)]),
                    );
                }
            }
        }
    }
}

/// The decimal digits of a number, without `core::fmt` and its flash.
struct Decimal {
    buffer: [u8; 20],
    start: usize,
}

impl Decimal {
    fn of(number: u64) -> Self {
        let mut decimal = Self {
            buffer: [b'0'; 20],
            start: 20,
        };
        let mut rest = number;
        // 64-bit division is a library call on a microcontroller.
        while rest > u64::from(u32::MAX) {
            decimal.push(u32::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
        }
        let mut rest = u32::try_from(rest).unwrap_or_default();
        loop {
            decimal.push(rest % 10);
            rest /= 10;
            if rest == 0 {
                return decimal;
            }
        }
    }

    fn push(&mut self, digit: u32) {
        self.start -= 1;
        self.buffer[self.start] += u8::try_from(digit).unwrap_or_default();
    }

    fn digits(&self) -> &[u8] {
        &self.buffer[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    #[test]
    fn renders_as_python_does() {
        let item = RateLimitItem::per_minute(10);
        assert_eq!(
            item.key_for(&[] as &[&str]).to_string(),
            "LIMITER/10/1/minute"
        );
        assert_eq!(item.key_for("").to_string(), "LIMITER//10/1/minute");
        assert_eq!(item.key_for(7_u8).to_string(), "LIMITER/7/10/1/minute");
        let two = core::num::NonZeroU32::MIN.saturating_add(1);
        let item = item.with_multiples(two).with_namespace("NS");
        let ids = [
            "a", "b/c", "None", "1", "1.5", "True", "byé", "sp ace", "", "{x}",
        ];
        assert_eq!(
            item.key_for(&ids).to_string(),
            "NS/a/b/c/None/1/1.5/True/byé/sp ace//{x}/10/2/minute"
        );
        assert_eq!(
            item.with_namespace("").key_for("a").to_string(),
            "/a/10/2/minute"
        );
    }

    #[test]
    fn bytes_are_hexadecimal() {
        let item = RateLimitItem::per_second(1);
        assert_eq!(
            item.key_for(Identifiers::Bytes(&[0x70, 0xb3, 0x0f]))
                .to_string(),
            "LIMITER/70b30f/1/1/second"
        );
    }

    #[test]
    fn decimals_agree_with_the_standard_library() {
        for number in [0, 1, 9, 10, 99, 4_294_967_295, 4_294_967_296, u64::MAX] {
            let item = RateLimitItem::per_second(number);
            assert_eq!(
                item.key_for("x").to_string(),
                format!("LIMITER/x/{number}/1/second")
            );
        }
    }

    #[test]
    fn writes_what_fits_and_nothing_else() {
        let item = RateLimitItem::per_second(5);
        let key = item.key_for("x");
        let text = key.to_string();
        let mut buffer = [0; 64];
        assert_eq!(key.write_to(&mut buffer), Some(text.as_bytes()));
        assert_eq!(
            key.write_to(&mut buffer[..text.len()]),
            Some(text.as_bytes())
        );
        assert_eq!(key.write_to(&mut buffer[..text.len() - 1]), None);
        assert_eq!(key.write_to(&mut []), None);
    }
}
