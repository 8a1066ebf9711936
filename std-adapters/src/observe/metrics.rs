use core::time::Duration;
use std::sync::Arc;

use limits_core::{Decision, Key, Origin};
use metrics::{SharedString, Unit, counter, describe_counter, describe_histogram, histogram};

use super::observer::{Observer, Operation};
use crate::error::StorageError;

const DECISIONS: &str = "limits.decisions";
const UTILIZATION: &str = "limits.utilization";
const DURATION: &str = "limits.store.duration";
const ERRORS: &str = "limits.store.errors";

/// An observer that counts and measures, by the facade [`metrics`]: for whatever recorder the
/// program has installed.
///
/// | metric | labels | |
/// |---|---|---|
/// | `limits.decisions` | `storage`, `strategy`, `result` | counter of hits on limits, each of several; `result` is `acquired`, `limited`, `shadow_limited`, `degraded_open` or `degraded_closed` |
/// | `limits.utilization` | `storage`, `strategy` | histogram: the part of a limit's amount that is in use after a hit on it, from 0 to 1 |
/// | `limits.store.duration` | `storage`, `operation` | histogram of calls, in seconds |
/// | `limits.store.errors` | `storage`, `operation`, `kind` | counter of calls that failed |
///
/// `storage` is the name that the observer was given. Keys are never labels.
#[derive(Clone, Debug)]
pub struct Metrics {
    storage: SharedString,
}

impl Metrics {
    /// Makes an observer of the storage of a name, and describes the metrics to the recorder.
    #[must_use]
    pub fn new(storage: &str) -> Self {
        describe_counter!(DECISIONS, Unit::Count, "hits on limits");
        describe_histogram!(UTILIZATION, "the part of a limit that is in use");
        describe_histogram!(DURATION, Unit::Seconds, "how long calls take");
        describe_counter!(ERRORS, Unit::Count, "calls that failed");
        Self {
            storage: SharedString::from_shared(Arc::from(storage)),
        }
    }
}

impl Observer for Metrics {
    fn decided(
        &self,
        operation: Operation,
        strategy: &'static str,
        _: Key<'_>,
        decision: &Decision,
    ) {
        if operation != Operation::Acquire {
            return;
        }
        let storage = self.storage.clone();
        let labels = [("storage", storage.clone()), ("strategy", strategy.into())];
        counter!(DECISIONS, "storage" => storage, "strategy" => strategy, "result" => result(decision))
            .increment(1);
        if !decision.origin().is_degraded() {
            histogram!(UTILIZATION, &labels).record(utilization(decision));
        }
    }

    fn done(&self, operation: Operation, took: Duration, error: Option<&StorageError>) {
        let (storage, operation) = (self.storage.clone(), operation.as_str());
        histogram!(DURATION, "storage" => storage.clone(), "operation" => operation).record(took);
        if let Some(error) = error {
            let kind = error.kind().as_str();
            counter!(ERRORS, "storage" => storage, "operation" => operation, "kind" => kind)
                .increment(1);
        }
    }
}

fn result(decision: &Decision) -> &'static str {
    match (decision.origin(), decision.allowed()) {
        (Origin::Shadow, _) => "shadow_limited",
        (Origin::FailedOpen, _) => "degraded_open",
        (Origin::FailedClosed, _) => "degraded_closed",
        (_, true) => "acquired",
        (_, false) => "limited",
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "it is for charts"
)]
fn utilization(decision: &Decision) -> f64 {
    let amount = decision.limit();
    let used = amount.saturating_sub(decision.remaining());
    used as f64 / amount.max(1) as f64
}
