//! Decoded log lines.

use core::fmt;

use defmt_decoder::{DecodeError, Frame, StreamDecoder};

/// One line of the firmware's log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// The emulated time, as the firmware shows it.
    pub time: String,
    /// Such as `INFO`; empty for what is printed and not logged.
    pub level: String,
    /// The message.
    pub message: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            time,
            level,
            message,
        } = self;
        write!(f, "{time} {level:5} {message}")
    }
}

impl From<Frame<'_>> for Line {
    fn from(frame: Frame<'_>) -> Self {
        let time = frame.display_timestamp().map(|time| time.to_string());
        let level = frame.level().map(|level| level.as_str().to_uppercase());
        Self {
            time: time.unwrap_or_default(),
            level: level.unwrap_or_default(),
            message: frame.display_message().to_string(),
        }
    }
}

/// The bytes that come are no frame.
pub(crate) struct Malformed;

/// Takes the next line from `decoder`; `None` when it needs more bytes.
pub(crate) fn next_line(
    decoder: &mut (dyn StreamDecoder + Send + Sync + '_),
) -> Result<Option<Line>, Malformed> {
    match decoder.decode() {
        Ok(frame) => Ok(Some(frame.into())),
        Err(DecodeError::UnexpectedEof) => Ok(None),
        Err(DecodeError::Malformed) => Err(Malformed),
    }
}

pub(crate) fn text(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
