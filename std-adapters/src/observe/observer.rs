use core::fmt;
use core::time::Duration;

use limits_core::{Decision, Key};

use crate::error::StorageError;

/// What a storage is asked to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// To take units: of one limit, or of several at once.
    Acquire,
    /// Whether units would fit.
    Peek,
    /// To settle what was taken.
    Settle,
    /// To forget a key.
    Clear,
    /// To forget all keys.
    Reset,
    /// Whether it answers.
    Check,
}

impl Operation {
    /// The name, such as `acquire`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acquire => "acquire",
            Self::Peek => "peek",
            Self::Settle => "settle",
            Self::Clear => "clear",
            Self::Reset => "reset",
            Self::Check => "check",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Somebody who is told of every call of a storage.
///
/// It is told in the caller's thread, after the storage has answered and before the caller
/// knows, so it should be quick. Calls that are dropped on their way are not told of.
///
/// ```
/// use core::sync::atomic::{AtomicU64, Ordering};
///
/// use limits::observe::{Observer, Operation};
/// use limits::{Decision, Key};
///
/// #[derive(Default)]
/// struct Refusals(AtomicU64);
///
/// impl Observer for Refusals {
///     fn decided(&self, operation: Operation, _: &'static str, _: Key<'_>, decision: &Decision) {
///         if operation == Operation::Acquire && !decision.allowed() {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// A decision on a limit, by the strategy of a name; one of each when several are asked
    /// about at once.
    fn decided(
        &self,
        operation: Operation,
        strategy: &'static str,
        key: Key<'_>,
        decision: &Decision,
    ) {
        let _ = (operation, strategy, key, decision);
    }

    /// A call took so long, and failed if there is an error.
    fn done(&self, operation: Operation, took: Duration, error: Option<&StorageError>) {
        let _ = (operation, took, error);
    }

    /// Puts something around a call, such as a span.
    fn around<F: Future + Send>(
        &self,
        operation: Operation,
        call: F,
    ) -> impl Future<Output = F::Output> + Send {
        let _ = operation;
        call
    }
}

/// Both are told, in this order.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn decided(
        &self,
        operation: Operation,
        strategy: &'static str,
        key: Key<'_>,
        decision: &Decision,
    ) {
        self.0.decided(operation, strategy, key, decision);
        self.1.decided(operation, strategy, key, decision);
    }

    fn done(&self, operation: Operation, took: Duration, error: Option<&StorageError>) {
        self.0.done(operation, took, error);
        self.1.done(operation, took, error);
    }

    fn around<F: Future + Send>(
        &self,
        operation: Operation,
        call: F,
    ) -> impl Future<Output = F::Output> + Send {
        self.0.around(operation, self.1.around(operation, call))
    }
}
