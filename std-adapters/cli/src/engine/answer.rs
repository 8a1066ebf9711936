//! Answers, as JSON objects of one line.

use core::time::Duration;
use std::io;
use std::time::SystemTime;

use limits::window::Settled;
use limits::{
    Decision, Decisions, Origin, RateLimitItem, StorageError, SystemClock, Timestamp, WindowStats,
};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::op::Op;

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
        /// Each limit's own, if there are several.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        limits: Vec<One>,
    },
    /// To a question for stats.
    Stats {
        #[serde(flatten)]
        window: Window,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        limits: Vec<One>,
    },
    /// To what settles a hit.
    Settled {
        ok: bool,
        given_back: i64,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        limits: Vec<GivenBack>,
    },
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
    /// Who answered, if it was not the storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<&'static str>,
}

/// One limit among several.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct One {
    pub(crate) limit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<bool>,
    remaining: u64,
    reset_time: Seconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<Option<Seconds>>,
    #[serde(skip)]
    pub(crate) window: Window,
}

/// What one limit among several got back.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct GivenBack {
    limit: String,
    given_back: i64,
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

    /// The answer of one limit.
    pub(crate) fn of_one(decision: &Decision) -> Self {
        Self::Decision {
            allowed: decision.allowed(),
            window: Window::from(&decision.stats()),
            retry_after: decision.retry_after().map(Seconds),
            limits: Vec::new(),
        }
    }

    /// The answer of several limits: the numbers are those of the one that binds.
    pub(crate) fn of_several<D: AsRef<[Decision]>>(
        items: &[RateLimitItem<'_>],
        decisions: &Decisions<D>,
    ) -> Self {
        let limits = items.iter().zip(decisions.as_slice());
        let limits = limits.map(|(item, decision)| One::verdict(item, decision));
        match decisions.binding().map(Self::of_one) {
            Some(Self::Decision {
                window,
                retry_after,
                ..
            }) => Self::Decision {
                allowed: decisions.allowed(),
                window: window.of_several(decisions),
                retry_after,
                limits: limits.collect(),
            },
            // There is one limit at least.
            _ => Self::DONE,
        }
    }

    /// The window of one limit.
    pub(crate) fn of_window(stats: &WindowStats) -> Self {
        Self::Stats {
            window: Window::from(stats),
            limits: Vec::new(),
        }
    }

    /// The windows of several limits: the numbers are those of the one that binds.
    pub(crate) fn of_windows<D: AsRef<[Decision]>>(
        items: &[RateLimitItem<'_>],
        decisions: &Decisions<D>,
    ) -> Self {
        let limits = items.iter().zip(decisions.as_slice());
        let limits = limits.map(|(item, decision)| One::window(item, decision));
        decisions
            .binding()
            .map_or(Self::DONE, |binding| Self::Stats {
                window: Window::from(&binding.stats()).of_several(decisions),
                limits: limits.collect(),
            })
    }

    /// What one limit or several got back: of several, the most.
    pub(crate) fn settled(items: &[RateLimitItem<'_>], settled: &[Settled]) -> Self {
        let given_back = |settled: &Settled| {
            let units = |units| i64::try_from(units).unwrap_or(i64::MAX);
            units(settled.given_back) - units(settled.taken)
        };
        let most = settled
            .iter()
            .map(given_back)
            .max_by_key(|units| units.abs());
        let limits = items.iter().zip(settled).map(|(item, settled)| GivenBack {
            limit: item.to_string(),
            given_back: given_back(settled),
        });
        let limits: Vec<_> = limits.collect();
        Self::Settled {
            ok: true,
            given_back: most.unwrap_or_default(),
            limits: if limits.len() > 1 { limits } else { Vec::new() },
        }
    }

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

    /// Whether it refuses a hit.
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

impl One {
    fn verdict(item: &RateLimitItem<'_>, decision: &Decision) -> Self {
        Self {
            allowed: Some(decision.allowed()),
            retry_after: Some(decision.retry_after().map(Seconds)),
            ..Self::window(item, decision)
        }
    }

    fn window(item: &RateLimitItem<'_>, decision: &Decision) -> Self {
        let window = Window::from(&decision.stats());
        Self {
            limit: item.to_string(),
            allowed: None,
            remaining: window.remaining,
            reset_time: window.reset_time,
            retry_after: None,
            window,
        }
    }
}

impl Window {
    /// The window of the limit that binds, where the answer to another may be somebody
    /// else's.
    fn of_several<D: AsRef<[Decision]>>(self, decisions: &Decisions<D>) -> Self {
        let mut origins = decisions.as_slice().iter().map(Decision::origin);
        let origin = origins.find_map(origin);
        Self { origin, ..self }
    }
}

impl From<&WindowStats> for Window {
    fn from(stats: &WindowStats) -> Self {
        Self {
            limit: stats.limit,
            remaining: stats.remaining,
            reset_time: Seconds(wall_time(stats.reset_time)),
            reset_after: stats.reset_after(),
            origin: origin(stats.origin),
        }
    }
}

/// The name of who answered, if it was not the storage.
fn origin(origin: Origin) -> Option<&'static str> {
    (origin != Origin::Storage).then_some(origin.as_str())
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
