use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use limits_core::window::Kind;
use limits_core::{
    Ask, Clock, Decision, Decisions, Identifiers, Keeps, RateLimitItem, RateLimiter, Storage,
};
use tokio::select;
use tokio::time::{Instant, sleep_until};

use super::error::{WaitError, Waited};
use super::lines::Bounds;
use super::queue::{Queue, Ticket};
use super::waiter::{Answer, Several, queued};

/// How many may wait if nobody says otherwise.
const BOUNDS: Bounds = Bounds {
    of_key: 1_024,
    in_all: 65_536,
};

/// A limiter whose callers wait for their turn: in a line for each key, in the order in
/// which they came, no longer than they can.
///
/// A cheap handle: clones share the limiter and its lines. The [module](super) has an
/// example, and says what callers may rely on.
pub struct WaitingRateLimiter<K: Kind, S: Storage, C>(Arc<Queue<K, S, C>>);

impl<K: Kind, S: Keeps<K>, C: Clock> WaitingRateLimiter<K, S, C> {
    /// Makes lines in front of a limiter: at most 1,024 callers wait for a key, and
    /// 65,536 in all.
    #[must_use]
    pub fn new(limiter: RateLimiter<K, S, C>) -> Self {
        Self(Arc::new(Queue::new(limiter, BOUNDS)))
    }

    /// Sets how many callers may wait for one key; of cost, none counts.
    #[must_use]
    pub fn with_max_waiters_per_key(self, waiters: usize) -> Self {
        self.0.lock().bounds.of_key = waiters;
        self
    }

    /// Sets how many callers may wait in all.
    #[must_use]
    pub fn with_max_waiters(self, waiters: usize) -> Self {
        self.0.lock().bounds.in_all = waiters;
        self
    }

    /// The limiter itself. Its hits overtake those who wait.
    #[must_use]
    pub fn limiter(&self) -> &RateLimiter<K, S, C> {
        &self.0.limiter
    }

    /// How many wait.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.0.lock().len()
    }

    /// Lets nobody wait any more. Those who do go on, until they pass or can't any more;
    /// [`hit`](Self::hit) goes on too.
    pub fn close(&self) {
        self.0.lock().is_closed = true;
    }

    /// Takes `cost` units from the limit of `identifiers`, if they are left and nobody
    /// waits for that key; else the hit is refused, by an answer of
    /// [origin](limits_core::Origin) `Queued`.
    ///
    /// A hit of 0 units is a question, and overtakes nobody.
    ///
    /// # Errors
    ///
    /// The storage's. Being refused is not an error.
    pub fn hit<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
    ) -> impl Future<Output = Result<Decision, S::Error>>
    where
        S: Sync,
        C: Sync,
    {
        let identifiers = identifiers.into();
        async move {
            let ask = Ask::new(self.limiter().strategy(), item, identifiers, cost);
            let overtakes = cost > 0 && cost <= ask.limit().amount();
            let refused = overtakes.then(|| self.0.refuse_overtaking(&[ask]));
            match refused.flatten().as_ref().and_then(Decisions::binding) {
                Some(refused) => Ok(*refused),
                None => self.limiter().hit(item, identifiers, cost).await,
            }
        }
    }
}

impl<K: Kind, S: Keeps<K> + Sync, C: Clock + Sync> WaitingRateLimiter<K, S, C> {
    /// Takes the units of several limits, or of none; refused where somebody waits for one
    /// of their keys, otherwise as [`hit`](Self::hit).
    ///
    /// # Errors
    ///
    /// The storage's. Being refused is not an error.
    pub async fn hit_all(&self, asks: &[Ask<'_, K>]) -> Result<Several, S::Error> {
        if let Some(refused) = self.0.refuse_overtaking(asks) {
            return Ok(refused);
        }
        self.limiter().hit_all(asks).await
    }
}

impl<K, S, C> WaitingRateLimiter<K, S, C>
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    /// Waits until `cost` units are left of the limit of `identifiers`, and takes them.
    ///
    /// Where nobody waits it asks the storage at once. Refused, or where somebody waits, it
    /// stands in line, `within` how long it can: who can't pass by then, as far as is
    /// known, is refused at once, and so is everybody where too many wait. A question to the
    /// storage that was begun in time is waited for.
    ///
    /// Dropping the future takes nothing: units that it was given meanwhile go back.
    ///
    /// # Errors
    ///
    /// It was refused, or the storage failed: see [`WaitError`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with a time driver.
    pub fn until_ready<'a>(
        &self,
        item: &'a RateLimitItem<'a>,
        identifiers: impl Into<Identifiers<'a>>,
        cost: u64,
        within: Duration,
    ) -> impl Future<Output = Result<Waited<Decision>, WaitError<Decision, S::Error>>> + Send {
        let ask = [Ask::new(self.limiter().strategy(), item, identifiers, cost)];
        async move {
            // There is one ask, so there is a decision.
            let unseen = Decision::never(ask[0].hit(self.limiter().clock().now()));
            let one = |several: &Several| several.binding().copied().unwrap_or(unseen);
            match self.until_ready_all(&ask, within).await {
                Ok(waited) => Ok(Waited::new(one(waited.decision()), waited.waited())),
                Err(error) => Err(error.map(|several| one(&several))),
            }
        }
    }

    /// Waits until the units of several limits are left, and takes all of them: it stands in
    /// line at each of their keys, and asks when it is first in all. Otherwise as
    /// [`until_ready`](Self::until_ready).
    ///
    /// # Errors
    ///
    /// As [`until_ready`](Self::until_ready).
    ///
    /// # Panics
    ///
    /// As [`until_ready`](Self::until_ready).
    pub async fn until_ready_all(
        &self,
        asks: &[Ask<'_, K>],
        within: Duration,
    ) -> Result<Waited<Several>, WaitError<Several, S::Error>> {
        let began = Instant::now();
        let mut waiting = Waiting {
            queue: Arc::clone(&self.0),
            ticket: self.0.submit(asks, within)?,
        };
        let decisions = waiting.answer(began.checked_add(within)).await?;
        Ok(Waited::new(decisions, began.elapsed()))
    }
}

impl<K: Kind, S: Storage, C> Clone for WaitingRateLimiter<K, S, C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Kind, S: Keeps<K>, C: Clock> fmt::Debug for WaitingRateLimiter<K, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitingRateLimiter")
            .field("waiters", &self.waiters())
            .finish_non_exhaustive()
    }
}

/// Somebody who waits, until it is dropped.
struct Waiting<K, S, C>
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    queue: Arc<Queue<K, S, C>>,
    ticket: Ticket<K, S::Error>,
}

impl<K, S, C> Waiting<K, S, C>
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    async fn answer(&mut self, deadline: Option<Instant>) -> Answer<S::Error> {
        let answer = &mut self.ticket.answer;
        let Some(deadline) = deadline else {
            return answer.await.unwrap_or(Err(WaitError::Closed));
        };
        select! {
            biased;
            answer = &mut *answer => return answer.unwrap_or(Err(WaitError::Closed)),
            () = sleep_until(deadline) => {}
        }
        if self.queue.give_up(&self.ticket.waiter) {
            return Err(WaitError::TooLong(self.too_late()));
        }
        // Its turn has come, so it is about to have its answer.
        let answer = (&mut self.ticket.answer).await;
        answer.unwrap_or(Err(WaitError::Closed))
    }

    fn too_late(&self) -> Several {
        let waiter = &self.ticket.waiter;
        let (parts, now) = (waiter.parts(), self.queue.limiter.clock().now());
        let at = self.queue.lock().earliest(&waiter.places).unwrap_or(now);
        queued(&waiter.asks(&parts), at, now)
    }
}

impl<K, S, C> Drop for Waiting<K, S, C>
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.queue.abandon(&mut self.ticket);
    }
}
