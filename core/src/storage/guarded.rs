use super::{Ask, BlockList, Keeps, Storage};
use crate::decision::Decision;
use crate::item::RateLimitItem;
use crate::key::{Identifiers, Key};
use crate::origin::Origin;
use crate::time::{Micros, Timestamp};
use crate::window::{Charge, Kind, Settled, Usage};

/// A storage some of whose keys are refused for a time, whatever their limits say.
///
/// It works around every storage, for every strategy. What makes a block is up to how it
/// is made:
///
/// - [`new`](Self::new): [`block_until`](Self::block_until), as the `Retry-After` of a
///   server asks for, and no hit;
/// - [`with_penalty`](Self::with_penalty): a refused hit too, for so long;
/// - [`remembering`](Self::remembering): a hit of one unit that the storage refused,
///   until it would pass. Until then no other is worth a question to the storage.
///
/// A blocked key takes nothing. The limit goes on as it was: units taken before are
/// released in their time, and `retry_after` tells when both let the hit pass. With keys
/// that leave out the limit, such as numbers in a table, one block holds for all limits.
/// A block without end, until the last [`Timestamp`], stays one.
///
/// ```
/// use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex as Mutex;
/// use limits_core::{
///     Blocks, FixedWindow, FixedWindowRateLimiter, Guarded, ManualClock, RateLimitItem,
///     TableStorage, Timestamp, poll_once,
/// };
///
/// let windows = TableStorage::<Mutex, u8, FixedWindow, 4>::new();
/// let blocks = Blocks::<Mutex, u8, 4>::new();
/// let storage = Guarded::new(&windows, &blocks);
/// let limiter = FixedWindowRateLimiter::with_clock(&storage, ManualClock::default());
/// let item = RateLimitItem::per_second(5);
///
/// // The server said 429, Retry-After: 30.
/// storage.block_until(&item, 7_u8, Timestamp::from_secs(30), Timestamp::ZERO)?;
///
/// let decision = poll_once(limiter.hit(&item, 7_u8, 1)).expect("a table never waits")?;
/// assert!(!decision.allowed());
/// assert_eq!(decision.retry_at(), Some(Timestamp::from_secs(30)));
///
/// storage.unblock(&item, 7_u8)?;
/// let decision = poll_once(limiter.hit(&item, 7_u8, 1)).expect("a table never waits")?;
/// assert!(decision.allowed());
/// # Ok::<(), limits_core::TableError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Guarded<S, B> {
    storage: S,
    blocks: B,
    policy: Policy,
}

/// What makes a block.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Policy {
    /// Whoever asks for it, and a refused hit for so long.
    Penalty(Micros),
    /// A refusal, until it is over.
    Remember,
}

impl<S, B> Guarded<S, B> {
    /// Makes a storage whose keys can be blocked.
    pub const fn new(storage: S, blocks: B) -> Self {
        Self::with_penalty(storage, blocks, Micros::ZERO)
    }

    /// Makes a storage that blocks whoever is refused, for so long from then on. What the
    /// block itself refuses does not make it longer, and neither does a cost above the
    /// limit's amount. The refusal says when both are over, the penalty and the limit's wait.
    pub const fn with_penalty(storage: S, blocks: B, penalty: Micros) -> Self {
        Self {
            storage,
            blocks,
            policy: Policy::Penalty(penalty),
        }
    }

    /// Makes a storage that remembers refusals: a key without a single unit left is
    /// refused without asking the storage again, until one is released.
    ///
    /// Answers that are remembered say so by their [origin](Decision::origin), and know no
    /// more than when to come back. Units that somebody else gives back, or a `clear` by
    /// somebody else, are seen when that time is over. Elastic windows are always asked,
    /// since their refusals have a meaning, and so is every hit of several limits.
    /// Strategies that share a key share what is remembered of it: give each a storage of
    /// its own.
    pub const fn remembering(storage: S, blocks: B) -> Self {
        Self {
            storage,
            blocks,
            policy: Policy::Remember,
        }
    }

    /// The storage within.
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// The blocks.
    pub const fn blocks(&self) -> &B {
        &self.blocks
    }
}

impl<S, B: BlockList> Guarded<S, B> {
    /// Refuses `identifiers` at every instant before `until`. A block that is longer
    /// already stays; one that lies in the past is none.
    ///
    /// # Errors
    ///
    /// There is no room for another block, or the key does not fit.
    pub fn block_until<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), B::Error> {
        self.blocks
            .block_until(item.key_for(identifiers), until, now)
    }

    /// Ends the block of `identifiers`.
    ///
    /// # Errors
    ///
    /// The key does not fit.
    pub fn unblock<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
    ) -> Result<(), B::Error> {
        self.blocks.unblock(item.key_for(identifiers))
    }

    /// Forgets what is remembered of a key.
    fn forget(&self, key: Key<'_>) -> Result<(), B::Error> {
        if self.remembers() {
            self.blocks.unblock(key)
        } else {
            Ok(())
        }
    }

    /// Until when a hit is refused that takes something.
    fn blocked_until<K: Kind>(
        &self,
        ask: &Ask<'_, K>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, B::Error> {
        let is_asked = self.remembers() && (ask.cost() == 0 || ask.kind().extends());
        if is_asked {
            return Ok(None);
        }
        let until = self.blocks.blocked_until(ask.key(), now)?;
        if !self.remembers() {
            return Ok(until);
        }
        // No refusal lasts for longer, unless the clock has gone back since.
        let period = ask.limit().period();
        let last = now.saturating_add(period).saturating_add(period);
        Ok(until.filter(|until| *until <= last))
    }

    /// Asks the storage by `open`, or by `peek` if the key is blocked.
    fn call<K: Kind, A, P>(
        &self,
        ask: &Ask<'_, K>,
        now: Timestamp,
        open: impl FnOnce() -> A,
        peek: impl FnOnce() -> P,
    ) -> Result<Call<A, P>, B::Error> {
        let until = self.blocked_until(ask, now)?;
        Ok(match until {
            None => Call::Open(open()),
            Some(until) if self.remembers() => Call::Told(remembered(until, ask, now)),
            Some(until) => Call::Blocked(until, peek()),
        })
    }

    /// Several limits are decided by the storage, which knows of all that binds.
    fn is_any_blocked<K: Kind>(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
    ) -> Result<bool, B::Error> {
        if self.remembers() {
            return Ok(false);
        }
        for ask in asks {
            if self.blocked_until(ask, now)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses in the name of the keys that are blocked, and tells whether any is.
    fn block<K: Kind>(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<bool, B::Error> {
        let mut is_any = false;
        if self.remembers() {
            return Ok(is_any);
        }
        for (ask, decision) in asks.iter().zip(decisions) {
            if let Some(until) = self.blocked_until(ask, now)? {
                *decision = blocked(until, decision, ask);
                is_any = true;
            }
        }
        Ok(is_any)
    }

    const fn remembers(&self) -> bool {
        matches!(self.policy, Policy::Remember)
    }

    /// Takes note of what the storage decided on a hit, and answers so.
    fn noted<K: Kind>(&self, ask: &Ask<'_, K>, decision: Decision) -> Result<Decision, B::Error> {
        let now = decision.now();
        let retry_at = match decision.retry_at() {
            Some(retry_at) if !decision.allowed() && ask.cost() > 0 => retry_at,
            _ => return Ok(decision),
        };
        let until = match self.policy {
            Policy::Penalty(penalty) => now.saturating_add(penalty),
            Policy::Remember if ask.cost() > 1 || ask.kind().extends() => return Ok(decision),
            Policy::Remember => retry_at,
        };
        self.blocks.block_until(ask.key(), until, now)?;
        if until <= retry_at {
            return Ok(decision);
        }
        Ok(blocked(until, &decision, ask).with_origin(Origin::Storage))
    }
}

/// The answer while a key is blocked, where the limit would answer as it does.
fn blocked<K: Kind>(until: Timestamp, decision: &Decision, ask: &Ask<'_, K>) -> Decision {
    let until = until.max(decision.retry_at().unwrap_or_default());
    let usage = Usage::Blocked(until);
    Decision::hit(false, ask.hit(decision.now()), usage).with_origin(Origin::Blocked)
}

/// The answer that the storage would give, as far as it is known.
fn remembered<K: Kind>(until: Timestamp, ask: &Ask<'_, K>, now: Timestamp) -> Decision {
    Decision::hit(false, ask.hit(now), Usage::Blocked(until)).with_origin(Origin::Remembered)
}

/// What is asked of the storage, if anything.
enum Call<A, P> {
    /// The hit or the question itself.
    Open(A),
    /// How the limit would answer, were the key not blocked until an instant.
    Blocked(Timestamp, P),
    /// Nothing: the answer is known.
    Told(Decision),
}

impl<S, B> Storage for Guarded<S, B>
where
    S: Storage<Error: From<B::Error>> + Sync,
    B: BlockList + Sync,
{
    type Error = S::Error;

    const MOST_UNITS: u64 = S::MOST_UNITS;
    const IS_IMMEDIATE: bool = S::IS_IMMEDIATE;

    fn check(&self) -> impl Future<Output = Result<(), S::Error>> + Send {
        self.storage.check()
    }

    /// Forgets all keys. Blocks stay, and so does what is remembered until it is over.
    fn reset(&self) -> impl Future<Output = Result<u64, S::Error>> + Send {
        self.storage.reset()
    }

    /// Forgets every window of `key`, and what is remembered of it. A block stays.
    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<(), S::Error>> + Send {
        let clear = self.storage.clear(key);
        async move {
            clear.await?;
            // Not before: a refusal may be remembered while the storage clears.
            Ok(self.forget(key)?)
        }
    }
}

impl<K: Kind, S, B> Keeps<K> for Guarded<S, B>
where
    S: Keeps<K, Error: From<B::Error>> + Sync,
    B: BlockList + Sync,
{
    fn acquire(
        &self,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        let peek = || self.storage.peek(ask, now);
        let call = self.call(&ask, now, || self.storage.acquire(ask, now), peek);
        async move {
            Ok(match call? {
                Call::Open(call) => self.noted(&ask, call.await?)?,
                Call::Blocked(until, call) => blocked(until, &call.await?, &ask),
                Call::Told(decision) => decision,
            })
        }
    }

    fn peek(
        &self,
        ask: Ask<'_, K>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision, S::Error>> + Send {
        let peek = || self.storage.peek(ask, now);
        let call = self.call(&ask, now, peek, peek);
        async move {
            Ok(match call? {
                Call::Open(call) => call.await?,
                Call::Blocked(until, call) => blocked(until, &call.await?, &ask),
                Call::Told(decision) => decision,
            })
        }
    }

    fn settle(
        &self,
        kind: K,
        key: Key<'_>,
        charge: Charge,
        used: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<Settled, S::Error>> + Send {
        let settle = self.storage.settle(kind, key, charge, used, now);
        async move {
            let settled = settle.await?;
            if settled.given_back > 0 {
                self.forget(key)?;
            }
            Ok(settled)
        }
    }

    fn acquire_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> impl Future<Output = Result<(), S::Error>> + Send {
        // Each block is asked for again below: there is no room here for any number.
        let is_blocked = self.is_any_blocked(asks, now);
        async move {
            if is_blocked? {
                self.storage.peek_all(asks, now, decisions).await?;
                // Unless the blocks ended meanwhile.
                if self.block(asks, now, decisions)? {
                    return Ok(());
                }
            }
            self.storage.acquire_all(asks, now, decisions).await?;
            if self.remembers() {
                // What asks of one key are refused together may pass one by one.
                return Ok(());
            }
            for (ask, decision) in asks.iter().zip(decisions) {
                *decision = self.noted(ask, *decision)?;
            }
            Ok(())
        }
    }

    async fn peek_all(
        &self,
        asks: &[Ask<'_, K>],
        now: Timestamp,
        decisions: &mut [Decision],
    ) -> Result<(), S::Error> {
        self.storage.peek_all(asks, now, decisions).await?;
        self.block(asks, now, decisions)?;
        Ok(())
    }
}
