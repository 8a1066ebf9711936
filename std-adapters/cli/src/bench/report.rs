//! What a measurement found.

use core::time::Duration;

use limits::StrategyName;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::load::Load;
use super::tally::{Tally, per_second};
use crate::engine::Seconds;
use crate::failure::Failure;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'a> {
    /// The scheme only: a URI may hold a password.
    pub(super) storage: &'a str,
    pub(super) strategy: StrategyName,
    pub(super) load: &'a Load,
}

/// The members of the answer in JSON, in their order.
#[derive(Serialize)]
struct Figures<'a> {
    storage: &'a str,
    strategy: &'static str,
    limit: String,
    cost: u64,
    keys: u64,
    concurrency: u32,
    seconds: Seconds,
    decisions: u64,
    decisions_per_second: u64,
    allowed: u64,
    refused: u64,
    errors: u64,
    first_error: Option<FirstError>,
    p50_us: Microseconds,
    p90_us: Microseconds,
    p99_us: Microseconds,
    p99_9_us: Microseconds,
    max_us: Microseconds,
}

#[derive(Serialize)]
struct FirstError {
    error: String,
    kind: String,
}

/// A time in microseconds, written as a decimal with three places.
#[derive(Clone, Copy, Debug)]
struct Microseconds(Duration);

impl Report<'_> {
    /// Writes the figures, for people or in JSON.
    pub(super) fn of(&self, tally: &Tally, json: bool) -> Result<String, Failure> {
        let figures = self.figures(tally);
        if json {
            return serde_json::to_string(&figures).map_err(|error| Failure::Io(error.into()));
        }
        Ok(figures.text())
    }

    fn figures(&self, tally: &Tally) -> Figures<'_> {
        let latency = |share| Microseconds(tally.latency(share));
        let decisions = tally.decisions();
        Figures {
            storage: self.storage,
            strategy: self.strategy.as_str(),
            limit: self.load.item.to_string(),
            cost: self.load.cost,
            keys: self.load.keys,
            concurrency: self.load.concurrency,
            seconds: Seconds(tally.took),
            decisions,
            decisions_per_second: per_second(decisions, tally.took),
            allowed: tally.allowed,
            refused: tally.refused,
            errors: tally.errors,
            first_error: tally.first_error.as_ref().map(|error| FirstError {
                error: error.to_string(),
                kind: error.kind().to_string(),
            }),
            p50_us: latency(0.5),
            p90_us: latency(0.9),
            p99_us: latency(0.99),
            p99_9_us: latency(0.999),
            max_us: latency(1.0),
        }
    }
}

impl Figures<'_> {
    fn text(&self) -> String {
        let rows = [
            ("decisions/s", self.decisions_per_second.to_string()),
            ("allowed", self.allowed.to_string()),
            ("refused", self.refused.to_string()),
            ("errors", self.errors_text()),
            ("latency p50", self.p50_us.text()),
            ("latency p90", self.p90_us.text()),
            ("latency p99", self.p99_us.text()),
            ("latency p99.9", self.p99_9_us.text()),
            ("latency max", self.max_us.text()),
        ];
        let rows = rows.map(|(name, figure)| format!("\n  {name:<13}  {figure}"));
        format!("{}{}", self.head(), rows.concat())
    }

    fn head(&self) -> String {
        let Self {
            storage,
            strategy,
            limit,
            cost,
            keys,
            concurrency,
            seconds: Seconds(time),
            ..
        } = self;
        format!(
            "{strategy} on {storage} for {time:.1?}: {limit}, cost {cost}, keys {keys}, \
             {concurrency} at a time"
        )
    }

    fn errors_text(&self) -> String {
        let count = self.errors;
        match &self.first_error {
            Some(FirstError { error, kind }) => format!("{count}, the first: {kind}: {error}"),
            None => count.to_string(),
        }
    }
}

impl Microseconds {
    fn text(self) -> String {
        format!("{:.2?}", self.0)
    }
}

impl Serialize for Microseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = self.0.as_nanos();
        let decimal = format!("{}.{:03}", nanos / 1_000, nanos % 1_000);
        let decimal = RawValue::from_string(decimal).map_err(S::Error::custom)?;
        decimal.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_microseconds_as_exact_decimals() {
        for (nanos, json, text) in [
            (0, "0.000", "0.00ns"),
            (7, "0.007", "7.00ns"),
            (412_340, "412.340", "412.34µs"),
            (3_600_000_000_000, "3600000000.000", "3600.00s"),
        ] {
            let time = Microseconds(Duration::from_nanos(nanos));
            assert_eq!(serde_json::to_string(&time).expect("a number"), json);
            assert_eq!(time.text(), text);
        }
    }
}
