//! The rate limit string notation: `10 per 3 hours`, `5/second; 100/minute`.
//!
//! ```text
//! many   := single ( separator single )*        separator := "," | ";" | "|"
//! single := ws digits ws ( "/" | "per" ) ws [digits] ws unit ws
//! unit   := the name of a granularity, with or without a final "s", in any case
//! ```
//!
//! White space is what Python's `\s` matches, digits are ASCII. One pass over
//! the input, no backtracking.

use core::fmt;
use core::num::NonZeroU32;
use core::str::FromStr;

use crate::item::{Granularity, RateLimitItem};

/// The longest string that is read, in bytes.
pub const MAX_LENGTH: usize = 1024;

impl RateLimitItem<'static> {
    /// Reads one limit, such as `10/minute` or `10 per 3 hours`.
    ///
    /// An amount is at most [`u64::MAX`] and a multiple at most [`u32::MAX`].
    ///
    /// # Errors
    ///
    /// Says what is wrong and where: the notation is in the [module](self)'s
    /// grammar. Several limits are an error, never cut to the first.
    pub fn parse(input: &str) -> Result<Self, ParseError> {
        Self::parse_with(input, &Granularity::ALL)
    }

    /// Reads one limit whose unit is among `granularities`.
    ///
    /// ```
    /// use limits_core::{Granularity, RateLimitItem};
    ///
    /// const WEEK: Granularity = Granularity::new(604_800, "week").expect("a week is not empty");
    /// let item = RateLimitItem::parse_with("5 per 2 weeks", &[WEEK])?;
    /// assert_eq!(item.to_string(), "5 per 2 week");
    /// # Ok::<(), limits_core::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_with(input: &str, granularities: &[Granularity]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(input)?;
        let item = cursor.single(granularities)?;
        let separator = cursor.position;
        if !cursor.separator()? {
            return Ok(item);
        }
        // Whatever follows must be right too, or that is the error to tell.
        cursor.single(granularities)?;
        while cursor.separator()? {
            cursor.single(granularities)?;
        }
        Err(ParseErrorKind::SeveralLimits.at(separator, 1))
    }

    /// Reads one limit or several, separated by `,`, `;` or `|`, in order.
    ///
    /// ```
    /// use limits_core::RateLimitItem;
    ///
    /// let mut items = RateLimitItem::parse_many("5/second; 100 per 2 minutes")?;
    /// assert_eq!(items.next(), Some(RateLimitItem::per_second(5)));
    /// assert_eq!(items.next().map(|item| item.amount()), Some(100));
    /// assert_eq!(items.next(), None);
    /// # Ok::<(), limits_core::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), for the first limit that is wrong; then none is returned.
    pub fn parse_many(input: &str) -> Result<Items<'_>, ParseError> {
        Self::parse_many_with(input, &Granularity::ALL)
    }

    /// Reads one limit or several whose units are among `granularities`.
    ///
    /// # Errors
    ///
    /// As [`parse_many`](Self::parse_many).
    pub fn parse_many_with<'a>(
        input: &'a str,
        granularities: &'a [Granularity],
    ) -> Result<Items<'a>, ParseError> {
        let start = Cursor::new(input)?;
        let mut cursor = start.clone();
        loop {
            cursor.single(granularities)?;
            if !cursor.separator()? {
                return Ok(Items {
                    rest: Some(start),
                    granularities,
                });
            }
        }
    }
}

impl FromStr for RateLimitItem<'static> {
    type Err = ParseError;

    fn from_str(input: &str) -> Result<Self, ParseError> {
        Self::parse(input)
    }
}

/// The limits of a string that was read whole and found right.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Items<'a> {
    rest: Option<Cursor<'a>>,
    granularities: &'a [Granularity],
}

impl Iterator for Items<'_> {
    type Item = RateLimitItem<'static>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut cursor = self.rest.take()?;
        let item = cursor.single(self.granularities).ok()?;
        if cursor.separator() == Ok(true) {
            self.rest = Some(cursor);
        }
        Some(item)
    }
}

/// What is wrong with a rate limit string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The string is longer than [`MAX_LENGTH`].
    TooLong,
    /// An amount was expected: ASCII digits.
    ExpectedAmount,
    /// A `/` or `per` was expected after the amount.
    ExpectedPer,
    /// A unit was expected after the `/` or `per`.
    ExpectedUnit,
    /// There is no such unit.
    UnknownUnit,
    /// The amount is above [`u64::MAX`].
    AmountTooLarge,
    /// The unit is multiplied by 0.
    ZeroMultiple,
    /// The unit is multiplied by more than [`u32::MAX`].
    MultipleTooLarge,
    /// The limit was complete, and then something else came.
    ExpectedEnd,
    /// One limit was asked for and the string holds more.
    SeveralLimits,
}

impl ParseErrorKind {
    const fn at(self, position: usize, length: usize) -> ParseError {
        ParseError {
            kind: self,
            position,
            length,
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::TooLong => "the string is longer than 1024 bytes",
            Self::ExpectedAmount => "expected an amount, such as the 10 of `10/minute`",
            Self::ExpectedPer => "expected `/` or `per` after the amount",
            Self::ExpectedUnit => "expected a unit, such as `minute`",
            Self::UnknownUnit => {
                "unknown unit, expected second, minute, hour, day, month, year or one of your own"
            }
            Self::AmountTooLarge => "the amount is too large, the largest is 18446744073709551615",
            Self::ZeroMultiple => "a period of 0 units limits nothing",
            Self::MultipleTooLarge => "the period is too long, the longest is 4294967295 units",
            Self::ExpectedEnd => "expected the end of the limit, or one of `,` `;` `|` and another",
            Self::SeveralLimits => "expected one limit and found several",
        }
    }
}

/// Why a rate limit string can't be read, and where.
///
/// ```
/// use limits_core::{ParseErrorKind, RateLimitItem};
///
/// let input = "10/min";
/// let error = RateLimitItem::parse(input).unwrap_err();
/// assert_eq!(error.kind(), ParseErrorKind::UnknownUnit);
/// assert_eq!(&input[error.range()], "min");
/// assert!(error.pointing_into(input).to_string().ends_with("\n10/min\n   ^^^"));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ParseError {
    kind: ParseErrorKind,
    position: usize,
    length: usize,
}

impl ParseError {
    /// Tells what is wrong.
    #[must_use]
    pub const fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// Tells where: a range of bytes of the input, empty at a place where something is missing.
    #[must_use]
    pub const fn range(&self) -> core::ops::Range<usize> {
        self.position..self.position + self.length
    }

    /// Shows the error with the input below it and the offending place marked.
    #[must_use]
    pub const fn pointing_into(self, input: &str) -> impl fmt::Display {
        Pointer { error: self, input }
    }
}

struct Pointer<'a> {
    error: ParseError,
    input: &'a str,
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, input } = self;
        error.fmt(f)?;
        // Only what is one short line can be pointed at.
        if error.kind == ParseErrorKind::TooLong || input.contains(char::is_control) {
            return Ok(());
        }
        let before = input.get(..error.position).unwrap_or(input);
        let marked = input.get(error.range()).unwrap_or_default();
        write!(f, "\n{input}\n{:1$}^", "", before.chars().count())?;
        (1..marked.chars().count()).try_for_each(|_| f.write_str("^"))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.kind.message();
        match self.kind {
            ParseErrorKind::TooLong => f.write_str(message),
            _ => write!(f, "{message} (at byte {})", self.position),
        }
    }
}

impl core::error::Error for ParseError {}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Cursor<'a> {
    input: &'a str,
    position: usize,
}

impl<'a> Cursor<'a> {
    const fn new(input: &'a str) -> Result<Self, ParseError> {
        if input.len() > MAX_LENGTH {
            return Err(ParseErrorKind::TooLong.at(0, input.len()));
        }
        Ok(Self { input, position: 0 })
    }

    fn single(
        &mut self,
        granularities: &[Granularity],
    ) -> Result<RateLimitItem<'static>, ParseError> {
        self.white_space();
        let amount = self.amount()?;
        self.white_space();
        self.per()?;
        self.white_space();
        let multiples = self.multiples()?;
        self.white_space();
        let granularity = self.unit(granularities)?;
        self.white_space();
        Ok(RateLimitItem::new(amount, granularity).with_multiples(multiples))
    }

    /// Takes a separator and says `true`, or says `false` at the end.
    fn separator(&mut self) -> Result<bool, ParseError> {
        match self.rest().chars().next() {
            None => Ok(false),
            Some(',' | ';' | '|') => {
                self.position += 1;
                Ok(true)
            }
            Some(other) => Err(ParseErrorKind::ExpectedEnd.at(self.position, other.len_utf8())),
        }
    }

    fn amount(&mut self) -> Result<u64, ParseError> {
        let amount = self.number(ParseErrorKind::AmountTooLarge)?;
        amount.ok_or_else(|| self.unexpected(ParseErrorKind::ExpectedAmount))
    }

    fn per(&mut self) -> Result<(), ParseError> {
        let rest = self.rest();
        if rest.starts_with('/') {
            self.position += 1;
        } else if rest
            .get(..3)
            .is_some_and(|word| word.eq_ignore_ascii_case("per"))
        {
            self.position += 3;
        } else {
            return Err(self.unexpected(ParseErrorKind::ExpectedPer));
        }
        Ok(())
    }

    fn multiples(&mut self) -> Result<NonZeroU32, ParseError> {
        let start = self.position;
        let number = self.number(ParseErrorKind::MultipleTooLarge)?.unwrap_or(1);
        let length = self.position - start;
        NonZeroU32::new(number).ok_or(ParseErrorKind::ZeroMultiple.at(start, length))
    }

    /// Takes digits; `None` if there are none.
    fn number<T: FromStr>(&mut self, too_large: ParseErrorKind) -> Result<Option<T>, ParseError> {
        let start = self.position;
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Ok(None);
        }
        // Digits alone can fail only by being too large.
        let number = digits.parse().map(Some);
        number.map_err(|_| too_large.at(start, digits.len()))
    }

    fn unit(&mut self, granularities: &[Granularity]) -> Result<Granularity, ParseError> {
        let start = self.position;
        let word = self.take_while(|c| c.is_ascii_alphabetic());
        if word.is_empty() {
            return Err(self.unexpected(ParseErrorKind::ExpectedUnit));
        }
        let names = |name: &str| {
            let singular = word.get(..name.len()).unwrap_or_default();
            let ending = word.get(name.len()..).unwrap_or_default();
            singular.eq_ignore_ascii_case(name)
                && (ending.is_empty() || ending.eq_ignore_ascii_case("s"))
        };
        let found = granularities.iter().find(|unit| names(unit.name()));
        found
            .copied()
            .ok_or(ParseErrorKind::UnknownUnit.at(start, word.len()))
    }

    fn white_space(&mut self) {
        self.take_while(is_white_space);
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.position += end;
        &rest[..end]
    }

    fn unexpected(&self, kind: ParseErrorKind) -> ParseError {
        kind.at(
            self.position,
            self.rest().chars().next().map_or(0, char::len_utf8),
        )
    }

    fn rest(&self) -> &'a str {
        &self.input[self.position..]
    }
}

/// What `\s` matches in a Python pattern: Unicode's white space and four ASCII separators.
fn is_white_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}
