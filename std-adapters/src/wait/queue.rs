use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limits_core::window::{Kind, Usage};
use limits_core::{
    Ask, Clock, Decision, Decisions, Keeps, Micros, RateLimiter, Storage, Timestamp, poll_once,
};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::error::WaitError;
use super::lines::{Bounds, Lines, Next};
use super::turn::{give_back, turn};
use super::waiter::{Answer, Job, Place, Several, Waiter, queued};

/// A limiter and those who wait for it.
pub(super) struct Queue<K, S: Storage, C> {
    pub(super) limiter: RateLimiter<K, S, C>,
    lines: Mutex<Lines<K, S::Error>>,
    tickets: AtomicU64,
}

/// A waiter's end of its job.
pub(super) struct Ticket<K, E> {
    pub(super) waiter: Arc<Waiter<K>>,
    pub(super) answer: oneshot::Receiver<Answer<E>>,
    runtime: Handle,
}

/// Nothing for who stands behind somebody, or the job of who stands behind nobody.
type Behind<K, E> = Result<Option<Job<K, E>>, WaitError<Several, E>>;

impl<K: Kind, S: Keeps<K>, C: Clock> Queue<K, S, C> {
    pub(super) fn new(limiter: RateLimiter<K, S, C>, bounds: Bounds) -> Self {
        Self {
            limiter,
            lines: Mutex::new(Lines::new(bounds)),
            tickets: AtomicU64::new(0),
        }
    }

    /// Nothing that runs under the lock can leave the lines half changed.
    pub(super) fn lock(&self) -> MutexGuard<'_, Lines<K, S::Error>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The refusal of a hit that would overtake somebody.
    pub(super) fn refuse_overtaking(&self, asks: &[Ask<'_, K>]) -> Option<Several> {
        // Most of the time nobody waits for anything, and no key is written out.
        if self.lock().is_empty() {
            return None;
        }
        let (places, now) = (Place::of(asks), self.limiter.clock().now());
        let lines = self.lock();
        let at = || lines.earliest(&places).unwrap_or(now);
        lines.are_ahead(&places).then(|| queued(asks, at(), now))
    }

    /// The refusal of who has to wait for too long, or where too many wait already.
    fn refuse(
        lines: &Lines<K, S::Error>,
        asks: &[Ask<'_, K>],
        waiter: &Waiter<K>,
        now: Timestamp,
    ) -> Result<(), WaitError<Several, S::Error>> {
        let at = lines.earliest(&waiter.places).unwrap_or(now);
        if at > waiter.deadline {
            return Err(WaitError::TooLong(queued(asks, at, now)));
        }
        if lines.have_room(&waiter.places) {
            return Ok(());
        }
        Err(WaitError::QueueFull(queued(asks, at, now)))
    }
}

impl<K, S, C> Queue<K, S, C>
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    /// Begins to wait, or to ask at once where nobody does.
    pub(super) fn submit(
        self: &Arc<Self>,
        asks: &[Ask<'_, K>],
        within: Duration,
    ) -> Result<Ticket<K, S::Error>, WaitError<Several, S::Error>> {
        let now = self.limiter.clock().now();
        refuse_impossible(asks, now)?;
        let deadline = now.saturating_add(Micros::from(within));
        let number = self.tickets.fetch_add(1, Ordering::Relaxed);
        let (job, ticket) = job(Waiter::new(number, asks, deadline));
        if let Some(job) = self.stand_behind(asks, job, now)? {
            let mut turn = Box::pin(turn(Arc::clone(self), job, false));
            // What storages in memory answer, they answer at once.
            if poll_once(turn.as_mut()).is_none() {
                ticket.runtime.spawn(turn);
            }
        }
        Ok(ticket)
    }

    /// Puts a job behind those who wait already. It comes back if there are none.
    fn stand_behind(
        &self,
        asks: &[Ask<'_, K>],
        job: Job<K, S::Error>,
        now: Timestamp,
    ) -> Behind<K, S::Error> {
        let mut lines = self.lock();
        if lines.is_closed {
            return Err(WaitError::Closed);
        }
        if !lines.are_ahead(&job.waiter.places) {
            return Ok(Some(job));
        }
        Self::refuse(&lines, asks, &job.waiter, now)?;
        Ok(lines.push(job))
    }

    /// Puts a job that was refused into its lines, unless too many wait or it is too late
    /// behind them. It comes back if it is first.
    pub(super) fn line_up(
        &self,
        job: Job<K, S::Error>,
        refusal: &Several,
    ) -> Option<Job<K, S::Error>> {
        let mut lines = self.lock();
        // Who is dropped after this finds the job in its lines.
        if job.answer.is_closed() {
            return None;
        }
        match lines.earliest(&job.waiter.places) {
            Some(at) if at > job.waiter.deadline => job.too_late(at, self.limiter.clock().now()),
            _ if lines.have_room(&job.waiter.places) => return lines.push(job),
            _ => job.refuse(WaitError::QueueFull(refusal.clone())),
        }
        None
    }

    /// Lets those behind the first one know when it passes, at the earliest.
    pub(super) fn learn(self: &Arc<Self>, first: &Waiter<K>, refusal: &Several, at: Timestamp) {
        let releases = first.releases(refusal, at);
        let (late, next) = self.lock().learn(first, &releases);
        for (job, at) in late {
            job.too_late(at, self.limiter.clock().now());
        }
        self.start(next);
    }

    /// Begins the turns of jobs that are first in line.
    pub(super) fn start(self: &Arc<Self>, next: Next<K, S::Error>) {
        for job in next {
            let runtime = job.runtime.clone();
            runtime.spawn(turn(Arc::clone(self), job, true));
        }
    }

    /// Ends the wait of whoever is not first in line.
    pub(super) fn give_up(self: &Arc<Self>, waiter: &Waiter<K>) -> bool {
        let next = self.lock().give_up(waiter.ticket);
        let has_given_up = next.is_some();
        self.start(next.unwrap_or_default());
        has_given_up
    }

    /// Ends the wait of who was dropped; what it was given meanwhile goes back.
    pub(super) fn abandon(self: &Arc<Self>, ticket: &mut Ticket<K, S::Error>) {
        ticket.answer.close();
        self.give_up(&ticket.waiter);
        let Ok(Ok(unwanted)) = ticket.answer.try_recv() else {
            return;
        };
        let (queue, waiter) = (Arc::clone(self), Arc::clone(&ticket.waiter));
        let runtime = ticket.runtime.clone();
        runtime.spawn(async move { give_back(&queue, &waiter, &unwanted).await });
    }
}

fn job<K: Kind, E>(waiter: Waiter<K>) -> (Job<K, E>, Ticket<K, E>) {
    let waiter = Arc::new(waiter);
    let (sender, receiver) = oneshot::channel();
    let runtime = Handle::current();
    let job = Job {
        waiter: Arc::clone(&waiter),
        answer: sender,
        runtime: runtime.clone(),
    };
    let ticket = Ticket {
        waiter,
        answer: receiver,
        runtime,
    };
    (job, ticket)
}

/// A cost above the amount needs no wait to be refused.
fn refuse_impossible<K: Kind, E>(
    asks: &[Ask<'_, K>],
    now: Timestamp,
) -> Result<(), WaitError<Several, E>> {
    if asks.iter().all(|ask| ask.hit(now).is_possible()) {
        return Ok(());
    }
    let unseen = |ask: &Ask<'_, K>| Decision::test(ask.hit(now), Usage::Untouched);
    let unseen = asks.iter().map(unseen).collect();
    Err(WaitError::Never(Decisions::new(unseen)))
}
