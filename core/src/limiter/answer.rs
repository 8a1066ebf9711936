use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::decision::Decision;
use crate::window::Hit;

pin_project! {
    /// The future of a limiter's call: a storage's answer, or a refusal if the cost is
    /// above the limit and there is no call to make.
    ///
    /// An async block would copy the storage's future for each layer around it,
    /// which costs more than a decision in memory does.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Answer<F> {
        #[pin]
        call: Option<F>,
        hit: Hit,
    }
}

impl<F> Answer<F> {
    /// Waits for the call, if the hit is possible at all.
    #[inline(always)]
    pub(super) fn new(hit: Hit, call: impl FnOnce() -> F) -> Self {
        Self {
            call: hit.is_possible().then(call),
            hit,
        }
    }
}

impl<F, E> Future for Answer<F>
where
    F: Future<Output = Result<Decision, E>>,
{
    type Output = Result<Decision, E>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.call.as_pin_mut() {
            Some(call) => call.poll(context),
            None => Poll::Ready(Ok(Decision::never(*this.hit))),
        }
    }
}
