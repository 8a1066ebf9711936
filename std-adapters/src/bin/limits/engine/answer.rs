//! Answers, as JSON objects of one line.

use core::time::Duration;
use std::io;
use std::time::SystemTime;

use limits::{Decision, StorageError, SystemClock, Timestamp, WindowStats};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Op;

/// What a request is answered with; its members are in the order they are written in.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// To a hit or a test.
    Decision {
        allowed: bool,
        #[serde(flatten)]
        window: Window,
        /// Nothing if it can never pass.
        retry_after: Option<Seconds>,
    },
    /// To a question for stats.
    Stats(Window),
    /// To what has no more to tell than that it is done.
    Done { ok: bool },
    /// To a reset.
    Deleted { ok: bool, deleted: u64 },
    /// To what could not be done.
    Failed { error: String, kind: String },
}

/// The state of a window.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Window {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// Since 1970, by the wall clock.
    reset_time: Seconds,
    #[serde(skip)]
    pub(crate) reset_after: Duration,
}

/// A time in seconds, written as an exact decimal with up to six places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub(crate) Duration);

/// An answer between the name of its request and the caller's own mark.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<Op>,
    #[serde(flatten)]
    answer: &'a Answer,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
}

impl Answer {
    /// Says that it is done.
    pub(crate) const DONE: Self = Self::Done { ok: true };

    /// Says how many keys a reset deleted.
    pub(crate) const fn deleted(deleted: u64) -> Self {
        Self::Deleted { ok: true, deleted }
    }

    /// Says why the storage failed.
    pub(crate) fn failed(error: &StorageError) -> Self {
        Self::Failed {
            error: error.to_string(),
            kind: error.kind().to_string(),
        }
    }

    /// Tells whether it refuses a hit.
    pub(crate) const fn refuses(&self) -> bool {
        matches!(self, Self::Decision { allowed: false, .. })
    }

    /// Writes the answer as JSON, with the `op` and the `id` of its request.
    pub(crate) fn to_json(&self, op: Option<Op>, id: Option<&RawValue>) -> io::Result<String> {
        let answer = self;
        let line = serde_json::to_string(&Line { op, answer, id })?;
        // They can only be white space between the values of an `id`.
        Ok(line.replace(['\n', '\r'], " "))
    }
}

impl From<&Decision> for Answer {
    fn from(decision: &Decision) -> Self {
        Self::Decision {
            allowed: decision.allowed(),
            window: Window::from(&decision.stats()),
            retry_after: decision.retry_after().map(Seconds),
        }
    }
}

impl From<&WindowStats> for Answer {
    fn from(stats: &WindowStats) -> Self {
        Self::Stats(Window::from(stats))
    }
}

impl From<&WindowStats> for Window {
    fn from(stats: &WindowStats) -> Self {
        Self {
            limit: stats.limit,
            remaining: stats.remaining,
            reset_time: Seconds(wall_time(stats.reset_time)),
            reset_after: stats.reset_after(),
        }
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let places = format!("{:06}", self.0.subsec_micros());
        let (first, rest) = places.split_at(1);
        let decimal = format!("{}.{first}{}", self.0.as_secs(), rest.trim_end_matches('0'));
        let decimal = RawValue::from_string(decimal).map_err(S::Error::custom)?;
        decimal.serialize(serializer)
    }
}

fn wall_time(instant: Timestamp) -> Duration {
    let wall = SystemClock.system_time(instant);
    wall.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_seconds_as_exact_decimals() {
        for (micros, expected) in [
            (0, "0.0"),
            (1, "0.000001"),
            (59_900_000, "59.9"),
            (1_795_455_938_703_191, "1795455938.703191"),
            (1_795_455_938_000_000, "1795455938.0"),
            (u64::MAX, "18446744073709.551615"),
        ] {
            let seconds = Seconds(Duration::from_micros(micros));
            let json = serde_json::to_string(&seconds).expect("a number");
            assert_eq!(json, expected);
        }
    }
}
