//! The search for the answer of one waiter, in a task of its own: who waits need not be
//! polled for others to go on.

use core::time::Duration;
use std::sync::Arc;

use limits_core::window::Kind;
use limits_core::{Ask, Clock, Decision, Decisions, Keeps, Timestamp};
use tokio::select;
use tokio::time::sleep;

use super::error::WaitError;
use super::queue::Queue;
use super::waiter::{Job, Several, Waiter};

/// The shortest pause between two questions: what tokio's timers can tell apart.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Asks until there is an answer; `is_first` says that the waiter stands in line already.
pub(super) async fn turn<K, S, C>(queue: Arc<Queue<K, S, C>>, job: Job<K, S::Error>, is_first: bool)
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    let waiter = Arc::clone(&job.waiter);
    let parts = waiter.parts();
    let asks = waiter.asks(&parts);
    let mut place = is_first.then(|| InLine::new(&queue, &waiter));
    let mut job = job;
    while !job.answer.is_closed() {
        let decisions = match ask(&queue, &asks).await {
            Ok(decisions) if decisions.allowed() => {
                if let Err(Ok(unwanted)) = job.answer.send(Ok(decisions)) {
                    give_back(&queue, &waiter, &unwanted).await;
                }
                return;
            }
            Ok(decisions) => decisions,
            Err(error) => return job.refuse(WaitError::Storage(error)),
        };
        let Some(at) = comes_back(&decisions) else {
            return job.refuse(WaitError::Never(decisions));
        };
        if at > waiter.deadline {
            return job.refuse(WaitError::TooLong(decisions));
        }
        if place.is_none() {
            let Some(first) = queue.line_up(job, &decisions) else {
                return;
            };
            job = first;
            place = Some(InLine::new(&queue, &waiter));
        }
        queue.learn(&waiter, &decisions, at);
        let pause = at.saturating_since(queue.limiter.clock().now());
        select! {
            () = job.answer.closed() => return,
            () = waiter.stirred.notified() => {}
            () = sleep(pause.to_duration().max(SHORTEST_PAUSE)) => {}
        }
    }
}

/// When all of the limits let the hit pass.
fn comes_back(refusal: &Several) -> Option<Timestamp> {
    refusal.binding()?.retry_at()
}

async fn ask<K, S, C>(queue: &Queue<K, S, C>, asks: &[Ask<'_, K>]) -> Result<Several, S::Error>
where
    K: Kind,
    S: Keeps<K> + Sync,
    C: Clock + Sync,
{
    let (storage, now) = (queue.limiter.storage(), queue.limiter.clock().now());
    if let [ask] = asks {
        let decision = storage.acquire(*ask, now).await?;
        return Ok(Decisions::new(vec![decision]));
    }
    let never = |ask: &Ask<'_, K>| Decision::never(ask.hit(now));
    let mut decisions: Vec<_> = asks.iter().map(never).collect();
    storage.acquire_all(asks, now, &mut decisions).await?;
    Ok(Decisions::new(decisions))
}

/// Gives back what nobody waits for any more, and lets the first ones in line know.
pub(super) async fn give_back<K, S, C>(
    queue: &Queue<K, S, C>,
    waiter: &Waiter<K>,
    unwanted: &Several,
) where
    K: Kind,
    S: Keeps<K> + Sync,
    C: Clock + Sync,
{
    let parts = waiter.parts();
    for (ask, decision) in waiter.asks(&parts).iter().zip(unwanted.as_slice()) {
        if let Some(charge) = decision.charge() {
            let (storage, now) = (queue.limiter.storage(), queue.limiter.clock().now());
            // Where the storage fails there is nobody to tell: the units stay taken.
            let _ = storage.settle(ask.kind(), ask.key(), charge, 0, now).await;
        }
    }
    queue.lock().stir(&waiter.places);
}

/// A place in line, which is free again when this is dropped, however that comes about.
struct InLine<K, S, C>
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    queue: Arc<Queue<K, S, C>>,
    ticket: u64,
}

impl<K, S, C> InLine<K, S, C>
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    fn new(queue: &Arc<Queue<K, S, C>>, waiter: &Waiter<K>) -> Self {
        Self {
            queue: Arc::clone(queue),
            ticket: waiter.ticket,
        }
    }
}

impl<K, S, C> Drop for InLine<K, S, C>
where
    K: Kind,
    S: Keeps<K> + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    fn drop(&mut self) {
        let next = self.queue.lock().remove(self.ticket);
        self.queue.start(next);
    }
}
