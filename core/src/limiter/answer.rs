use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::decision::Decision;
use crate::item::Limit;
use crate::time::Timestamp;
use crate::window::{Incremented, Usage};

pin_project! {
    /// The future of a limiter's call: a storage's answer made into a decision.
    ///
    /// An async block would copy the storage's future for each layer around it,
    /// which costs more than a decision in memory does.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Answer<F> {
        #[pin]
        call: Option<F>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    }
}

impl<F> Answer<F> {
    /// Waits for `call`, or refuses if there is none to make.
    #[inline(always)]
    pub(super) const fn new(call: Option<F>, limit: Limit, cost: u64, now: Timestamp) -> Self {
        Self {
            call,
            limit,
            cost,
            now,
        }
    }
}

impl<F, T, E> Future for Answer<F>
where
    F: Future<Output = Result<T, E>>,
    T: IntoDecision,
{
    type Output = Result<Decision, E>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (limit, cost, now) = (*this.limit, *this.cost, *this.now);
        match this.call.as_pin_mut() {
            Some(call) => call
                .poll(context)
                .map_ok(|answer| answer.into_decision(limit, cost, now)),
            None => Poll::Ready(Ok(Decision::never(limit, cost, now))),
        }
    }
}

/// A storage's answer, from which a limiter makes its own.
pub trait IntoDecision {
    /// Makes the decision on a hit of `cost`, or on the question whether it would pass.
    fn into_decision(self, limit: Limit, cost: u64, now: Timestamp) -> Decision;
}

impl IntoDecision for Decision {
    #[inline(always)]
    fn into_decision(self, _limit: Limit, _cost: u64, _now: Timestamp) -> Decision {
        self
    }
}

impl IntoDecision for Incremented {
    #[inline(always)]
    fn into_decision(self, limit: Limit, cost: u64, now: Timestamp) -> Decision {
        Decision::hit(self.applied, limit, cost, now, self.window)
    }
}

impl<U: Into<Usage>> IntoDecision for U {
    #[inline(always)]
    fn into_decision(self, limit: Limit, cost: u64, now: Timestamp) -> Decision {
        Decision::test(limit, cost, now, self)
    }
}
