//! Futures that do their work when they are polled.

use core::pin::Pin;
use core::task::{Context, Poll};

/// A future of work that does not wait.
///
/// An async block that does the same is copied once more on its way.
pub(crate) struct Lazy<F>(Option<F>);

/// Puts work off until its future is polled.
pub(crate) const fn lazily<F>(work: F) -> Lazy<F> {
    Lazy(Some(work))
}

impl<F> Unpin for Lazy<F> {}

impl<T, F: FnOnce() -> T> Future for Lazy<F> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        // Polled again it waits for ever.
        self.0
            .take()
            .map_or(Poll::Pending, |work| Poll::Ready(work()))
    }
}
