//! The elements of a header's list, from its right end.

use core::net::{IpAddr, SocketAddr};

use http::header::{HeaderMap, HeaderName};

/// The elements of all lines of a header, the last one first.
///
/// A comma within quotes is no separator. Quotes are paired from the right too, so that an
/// open one, which a client may have sent, can't swallow what a proxy appended.
pub(super) fn from_the_right(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    let mut lines: Vec<_> = headers.get_all(name).iter().collect();
    let next_line = move || lines.pop();
    core::iter::from_fn(next_line).flat_map(|line| Separated::by(b',', line.as_bytes()))
}

/// The parts of a text between separators that are not within quotes, the last one first.
pub(super) struct Separated<'a> {
    separator: u8,
    rest: Option<&'a [u8]>,
}

impl<'a> Separated<'a> {
    pub(super) const fn by(separator: u8, text: &'a [u8]) -> Self {
        Self {
            separator,
            rest: Some(text),
        }
    }
}

impl<'a> Iterator for Separated<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest.take()?;
        let mut is_quoted = false;
        for (place, byte) in text.iter().enumerate().rev() {
            if *byte == b'"' && !is_escaped(text, place) {
                is_quoted = !is_quoted;
            } else if *byte == self.separator && !is_quoted {
                let (before, after) = text.split_at(place);
                self.rest = Some(before);
                return after.get(1..).map(<[u8]>::trim_ascii);
            }
        }
        Some(text.trim_ascii())
    }
}

/// Whether an odd number of backslashes stands before a place.
fn is_escaped(text: &[u8], place: usize) -> bool {
    let before = text.iter().take(place).rev();
    before.take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// The address that an element is: bare, in brackets, with a port, within quotes.
pub(super) fn address(element: &[u8]) -> Option<IpAddr> {
    let text = core::str::from_utf8(unquoted(element)?).ok()?;
    let in_brackets = |text: &str| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let bare = text.parse().ok();
    bare.or_else(|| in_brackets(text).map(IpAddr::V6))
        .or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// What is within quotes, or the text if it has none.
fn unquoted(element: &[u8]) -> Option<&[u8]> {
    match element.strip_prefix(b"\"") {
        Some(rest) => rest.strip_suffix(b"\""),
        None => Some(element),
    }
}
