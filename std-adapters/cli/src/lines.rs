//! Lines of bounded length.

use std::io::{self, BufRead, Read};

/// The longest line that is read, in bytes without its end.
pub(crate) const LONGEST_LINE: usize = 1 << 20;

/// Reads lines, in memory that is bounded whatever they hold.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    line: Vec<u8>,
}

/// A line without its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// Longer than [`LONGEST_LINE`]; it was skipped.
    TooLong,
}

impl<R: BufRead> Lines<R> {
    pub(crate) const fn new(input: R) -> Self {
        let line = Vec::new();
        Self { input, line }
    }

    /// Reads the next line, `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let most = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX) + 1;
        let mut input = self.input.by_ref().take(most);
        if input.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > LONGEST_LINE {
            self.input.skip_until(b'\n')?;
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Whole(&self.line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_line_ends_only() {
        let mut lines = Lines::new(&b"a\r\n\n\0b\nlast"[..]);
        for expected in [&b"a\r"[..], b"", b"\0b", b"last"] {
            let line = lines.next().expect("memory can be read");
            assert_eq!(line, Some(Line::Whole(expected)));
        }
        assert_eq!(lines.next().expect("memory can be read"), None);
    }

    #[test]
    fn skips_a_line_that_is_one_byte_too_long() {
        let longest = vec![b'x'; LONGEST_LINE];
        let mut input = longest.clone();
        input.extend_from_slice(b"\n");
        input.extend_from_slice(&longest);
        input.extend_from_slice(b"x\nnext\n");
        input.extend_from_slice(&longest);
        input.extend_from_slice(b"x");
        let mut lines = Lines::new(&input[..]);
        for expected in [
            Some(Line::Whole(&longest[..])),
            Some(Line::TooLong),
            Some(Line::Whole(b"next")),
            Some(Line::TooLong),
            None,
        ] {
            assert!(lines.next().expect("memory can be read") == expected);
        }
    }
}
