//! Calls without an executor.

use core::pin::pin;
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
#[inline]
pub fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
