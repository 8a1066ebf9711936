use core::pin::Pin;
use core::task::{Context, Poll};

use limits_core::{Storage, poll_once};

use crate::error::{StorageError, StorageErrorKind};

/// The future of a call through a pointer: on the heap, but for a storage that answers
/// at once.
pub(super) enum Answer<'a, T> {
    Told(Option<Result<T, StorageError>>),
    Waits(Pin<Box<dyn Future<Output = Result<T, StorageError>> + Send + 'a>>),
}

impl<'a, T> Answer<'a, T> {
    pub(super) fn of<S: Storage>(
        call: impl Future<Output = Result<T, StorageError>> + Send + 'a,
    ) -> Self {
        if S::IS_IMMEDIATE {
            let waits = || {
                let reason = "a storage that says it never waits has waited";
                Err(StorageError::new(
                    StorageErrorKind::Unsupported,
                    "limits",
                    reason,
                ))
            };
            Self::Told(Some(poll_once(call).unwrap_or_else(waits)))
        } else {
            Self::Waits(Box::pin(call))
        }
    }
}

impl<T: Unpin> Future for Answer<'_, T> {
    type Output = Result<T, StorageError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Told(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
            Self::Waits(call) => call.as_mut().poll(context),
        }
    }
}
