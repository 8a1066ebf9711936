//! Calls without an executor.

use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

/// Polls `future` once and returns its output if that was enough.
///
/// Storages in memory do their work when called and return finished futures, so
/// with them this is always `Some`: the way to use a limiter in a blocking
/// program or an interrupt.
///
/// ```
/// assert_eq!(limits_core::poll_once(async { 7 }), Some(7));
/// assert_eq!(limits_core::poll_once(core::future::pending::<()>()), None);
/// ```
#[inline(always)]
pub fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A finished future.
///
/// Unlike [`core::future::ready`] it has no panic in it: polled again it waits.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Done<T>(Option<T>);

impl<T> Done<T> {
    pub(crate) const fn new(output: T) -> Self {
        Self(Some(output))
    }
}

impl<T> Unpin for Done<T> {}

impl<T> Future for Done<T> {
    type Output = T;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        self.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}
