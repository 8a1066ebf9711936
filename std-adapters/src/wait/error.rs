use core::error::Error;
use core::fmt;
use core::time::Duration;

use limits_core::{Decision, Decisions};

/// What a wait ends with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Waited<D> {
    decision: D,
    waited: Duration,
}

impl<D> Waited<D> {
    pub(super) const fn new(decision: D, waited: Duration) -> Self {
        Self { decision, waited }
    }

    /// The decision, or the decisions of several limits: the hit is allowed.
    pub const fn decision(&self) -> &D {
        &self.decision
    }

    /// How long it took.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }
}

/// Why a wait ends without the units: nothing was taken.
///
/// The refusals hold a decision, or those of several limits. It is the storage's if it was
/// asked; else its [origin](limits_core::Origin) is `Queued`, and its `retry_after` what
/// has to pass at least.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError<D, E> {
    /// The hit can't pass in time, as far as is known.
    TooLong(D),
    /// As many wait already as may.
    QueueFull(D),
    /// The cost is above the amount of a limit, so the hit can never pass.
    Never(D),
    /// There is no more waiting: the queue was [closed](super::WaitingRateLimiter::close),
    /// or the call to the storage panicked, or its runtime was shut down.
    Closed,
    /// The storage failed.
    Storage(E),
}

impl<D, E> WaitError<D, E> {
    /// The refusal, `None` if the storage failed or there is no more waiting.
    pub const fn decision(&self) -> Option<&D> {
        match self {
            Self::TooLong(decision) | Self::QueueFull(decision) | Self::Never(decision) => {
                Some(decision)
            }
            Self::Closed | Self::Storage(_) => None,
        }
    }

    pub(super) fn map<T>(self, one: impl FnOnce(D) -> T) -> WaitError<T, E> {
        match self {
            Self::TooLong(decision) => WaitError::TooLong(one(decision)),
            Self::QueueFull(decision) => WaitError::QueueFull(one(decision)),
            Self::Never(decision) => WaitError::Never(one(decision)),
            Self::Closed => WaitError::Closed,
            Self::Storage(error) => WaitError::Storage(error),
        }
    }
}

impl<E> WaitError<Decision, E> {
    /// How long to stay away, at least; `None` if the hit never passes, or nobody knows.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.decision()?.retry_after()
    }
}

impl<D: AsRef<[Decision]>, E> WaitError<Decisions<D>, E> {
    /// How long to stay away, at least; `None` if the hit never passes, or nobody knows.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.decision()?.binding()?.retry_after()
    }
}

impl<D, E: fmt::Display> fmt::Display for WaitError<D, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(_) => f.write_str("the hit can't pass before its deadline"),
            Self::QueueFull(_) => f.write_str("too many wait for the limit already"),
            Self::Never(_) => f.write_str("the cost is above the limit, it can never pass"),
            Self::Closed => f.write_str("the queue of the limiter is closed"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl<D: fmt::Debug, E: Error> Error for WaitError<D, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // The message is the error's own.
            Self::Storage(error) => error.source(),
            _ => None,
        }
    }
}
