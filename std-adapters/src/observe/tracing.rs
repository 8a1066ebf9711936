use core::time::Duration;
use std::borrow::Cow;

use limits_core::{Decision, Key};
use tracing::{Instrument, debug, debug_span, trace, warn};

use super::observer::{Observer, Operation};
use crate::error::StorageError;

/// An observer that tells the program's subscriber, by the crate [`tracing`].
///
/// | what | level | fields |
/// |---|---|---|
/// | span `limits` around each call | debug | `storage`, `operation` |
/// | event "refused" | debug | `strategy`, `amount`, `origin`, `retry_after` |
/// | event "decided", the only one with a key | trace | `key`, `strategy`, `allowed`, `remaining` |
/// | event "failed" | warn | `kind`, `error`, `took` |
///
/// `storage` is the name that the observer was given.
#[derive(Clone, Debug)]
pub struct Tracing {
    storage: Cow<'static, str>,
}

impl Tracing {
    /// Makes an observer of the storage of a name.
    pub fn new(storage: impl Into<Cow<'static, str>>) -> Self {
        let storage = storage.into();
        Self { storage }
    }
}

impl Observer for Tracing {
    fn decided(
        &self,
        operation: Operation,
        strategy: &'static str,
        key: Key<'_>,
        decision: &Decision,
    ) {
        let allowed = decision.allowed();
        trace!(%key, strategy, allowed, remaining = decision.remaining(), "decided");
        if operation == Operation::Acquire && !allowed {
            debug!(
                strategy,
                amount = decision.limit(),
                origin = decision.origin().as_str(),
                retry_after = ?decision.retry_after(),
                "refused"
            );
        }
    }

    fn done(&self, _: Operation, took: Duration, error: Option<&StorageError>) {
        if let Some(error) = error {
            warn!(kind = error.kind().as_str(), %error, ?took, "failed");
        }
    }

    fn around<F: Future + Send>(
        &self,
        operation: Operation,
        call: F,
    ) -> impl Future<Output = F::Output> + Send {
        let storage = &*self.storage;
        call.instrument(debug_span!(
            "limits",
            storage,
            operation = operation.as_str()
        ))
    }
}
