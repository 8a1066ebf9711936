use embassy_sync::blocking_mutex::raw::RawMutex;

use super::{IntoDecision, RateLimiter, Strategy};
use crate::decision::Decision;
use crate::item::{Limit, RateLimitItem};
use crate::key::{Identifiers, Key};
use crate::memory::{Blocks, MemoryError, TableKey};
use crate::storage::Storage;
use crate::time::{Clock, Timestamp};
use crate::window::Usage;

/// Where blocks are kept: [`Blocks`], or a reference to some.
pub trait BlockList {
    /// Refuses `key` at every instant before `until`.
    ///
    /// # Errors
    ///
    /// There is no room for the block, or the key does not fit.
    fn block_until(
        &self,
        key: Key<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), MemoryError>;

    /// Tells until when `key` is refused, `None` if it isn't.
    ///
    /// # Errors
    ///
    /// The key does not fit.
    fn blocked_until(&self, key: Key<'_>, now: Timestamp)
    -> Result<Option<Timestamp>, MemoryError>;
}

impl<M: RawMutex, K: TableKey, const N: usize> BlockList for Blocks<M, K, N> {
    fn block_until(
        &self,
        key: Key<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), MemoryError> {
        self.block_until(key, until, now)
    }

    fn blocked_until(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, MemoryError> {
        self.blocked_until(key, now)
    }
}

impl<B: BlockList> BlockList for &B {
    fn block_until(
        &self,
        key: Key<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), MemoryError> {
        (**self).block_until(key, until, now)
    }

    fn blocked_until(
        &self,
        key: Key<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, MemoryError> {
        (**self).blocked_until(key, now)
    }
}

/// A strategy `W` that also obeys blocks: a blocked key is refused until the
/// block is over, and takes nothing.
///
/// The limit goes on as it was: units taken before the block are released in
/// its time, and `retry_after` tells when both let the hit pass. With keys that leave out the limit, such as numbers, one block
/// holds for all limits of a key.
///
/// ```
/// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
/// use limits_core::limiter::Fixed;
/// use limits_core::{
///     Blockable, Blocks, FixedWindow, ManualClock, MemoryStorage, RateLimitItem, RateLimiter,
///     Timestamp, poll_once,
/// };
///
/// let storage = MemoryStorage::<NoopRawMutex, u8, FixedWindow, 4>::new();
/// let blocks = Blocks::<NoopRawMutex, u8, 4>::new();
/// let strategy = Blockable::new(Fixed, &blocks);
/// let limiter = RateLimiter::with_strategy(strategy, &storage, ManualClock::default());
/// let item = RateLimitItem::per_second(5);
///
/// // The server said 429, Retry-After: 30.
/// limiter.block_until(&item, 7_u8, Timestamp::from_secs(30))?;
///
/// let decision = poll_once(limiter.hit(&item, 7_u8, 1)).expect("memory never waits")?;
/// assert!(!decision.allowed());
/// assert_eq!(decision.retry_at(), Some(Timestamp::from_secs(30)));
/// # Ok::<(), limits_core::MemoryError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Blockable<W, B> {
    strategy: W,
    blocks: B,
}

impl<W, B: BlockList> Blockable<W, B> {
    /// Makes `strategy` obey `blocks`.
    pub const fn new(strategy: W, blocks: B) -> Self {
        Self { strategy, blocks }
    }
}

impl<W, S, B> Strategy<S> for Blockable<W, B>
where
    W: Strategy<S>,
    S: Storage<Error: From<MemoryError>>,
    B: BlockList,
{
    fn acquire(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        let blocked = self.blocks.blocked_until(key, now);
        let acquire = || self.strategy.acquire(storage, key, limit, cost, now);
        let peek = || self.strategy.peek(storage, key, limit, cost, now);
        let call = match blocked {
            Ok(None) => Gated::Open(acquire()),
            _ => Gated::Blocked(peek()),
        };
        gate(blocked, call)
    }

    fn peek(
        &self,
        storage: &S,
        key: Key<'_>,
        limit: Limit,
        cost: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<impl IntoDecision, S::Error>> + Send {
        let blocked = self.blocks.blocked_until(key, now);
        let peek = self.strategy.peek(storage, key, limit, cost, now);
        let call = match blocked {
            Ok(None) => Gated::Open(peek),
            _ => Gated::Blocked(peek),
        };
        gate(blocked, call)
    }
}

/// Waits for the storage call: the one that takes units, or, while the key is
/// blocked, the one that only asks.
async fn gate<A, P, T, U, E>(
    blocked: Result<Option<Timestamp>, MemoryError>,
    call: Gated<A, P>,
) -> Result<Gated<T, (Timestamp, U)>, E>
where
    A: Future<Output = Result<T, E>>,
    P: Future<Output = Result<U, E>>,
    E: From<MemoryError>,
{
    let until = blocked?.unwrap_or_default();
    Ok(match call {
        Gated::Open(call) => Gated::Open(call.await?),
        Gated::Blocked(call) => Gated::Blocked((until, call.await?)),
    })
}

enum Gated<T, U> {
    Open(T),
    Blocked(U),
}

impl<T: IntoDecision, U: IntoDecision> IntoDecision for Gated<T, (Timestamp, U)> {
    fn into_decision(self, limit: Limit, cost: u64, now: Timestamp) -> Decision {
        match self {
            Self::Open(answer) => answer.into_decision(limit, cost, now),
            Self::Blocked((until, answer)) => {
                let retry_at = answer.into_decision(limit, cost, now).retry_at();
                let until = until.max(retry_at.unwrap_or_default());
                Decision::hit(false, limit, cost, now, Usage::Blocked(until))
            }
        }
    }
}

impl<W, B: BlockList, S, C: Clock> RateLimiter<Blockable<W, B>, S, C>
where
    Blockable<W, B>: Strategy<S>,
    S: Storage,
{
    /// Refuses `identifiers` at every instant before `until`, as a server's
    /// `Retry-After` asks for. A block that is longer already stays; one that
    /// lies in the past is none.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Full`] if there is no room for another block,
    /// [`MemoryError::Key`] if the key does not fit.
    pub fn block_until<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        until: Timestamp,
    ) -> Result<(), MemoryError> {
        let key = item.key_for(identifiers);
        let now = self.clock.now();
        self.strategy.blocks.block_until(key, until, now)
    }
}
