use crate::key::Key;
use crate::time::Timestamp;

/// Where instants are kept until which keys are refused: [`Blocks`](crate::Blocks) of
/// fixed capacity, or the memory of a server.
pub trait BlockList {
    /// Why a call can fail.
    type Error: Send;

    /// Refuses `key` at every instant before `until`. A block that is longer already
    /// stays; one that lies in the past is none.
    ///
    /// # Errors
    ///
    /// There is no room for the block, or the key does not fit.
    fn block_until(
        &self,
        key: Key<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), Self::Error>;

    /// Until when `key` is refused, `None` if it isn't.
    ///
    /// # Errors
    ///
    /// The key does not fit.
    fn blocked_until(&self, key: Key<'_>, now: Timestamp)
    -> Result<Option<Timestamp>, Self::Error>;

    /// Ends the block of `key`.
    ///
    /// # Errors
    ///
    /// The key does not fit.
    fn unblock(&self, key: Key<'_>) -> Result<(), Self::Error>;
}

impl<B: BlockList + ?Sized> BlockList for &B {
    type Error = B::Error;

    fn block_until(&self, key: Key<'_>, until: Timestamp, now: Timestamp) -> Result<(), B::Error> {
        (**self).block_until(key, until, now)
    }

    fn blocked_until(&self, key: Key<'_>, now: Timestamp) -> Result<Option<Timestamp>, B::Error> {
        (**self).blocked_until(key, now)
    }

    fn unblock(&self, key: Key<'_>) -> Result<(), B::Error> {
        (**self).unblock(key)
    }
}
