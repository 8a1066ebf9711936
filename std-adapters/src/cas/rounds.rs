//! Rounds: the calls that wait for the same windows, served together, one round after
//! the other.

use core::mem::replace;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limits_core::{Clock, Key, StrategyName, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::form::{Answer, Call};
use super::round::{Done, Job, Window, serve};
use super::versioned::Versioned;
use crate::error::{StorageError, StorageErrorKind};

/// The most calls that one round serves.
const MOST_TOGETHER: usize = 1_024;

/// The rounds that are on their way, one for each queue.
pub(super) struct Rounds<B> {
    store: B,
    clock: Box<dyn Clock + Send + Sync>,
    /// What waits for the next round of a queue: there is an entry as long as a task
    /// serves it.
    waiting: Mutex<HashMap<Queue, Gathering>>,
    next_id: AtomicU64,
}

/// What waits for the next round of one task.
struct Gathering {
    /// Which task's.
    id: u64,
    jobs: Vec<Waiting>,
}

/// Who goes together: the calls for one window, or all that are for several.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Queue {
    Of(Window),
    OfSeveral,
}

struct Waiting {
    job: Job,
    answer: oneshot::Sender<Done>,
}

impl<B: Versioned> Rounds<B> {
    pub(super) fn new(store: B, clock: Box<dyn Clock + Send + Sync>) -> Self {
        Self {
            store,
            clock,
            waiting: Mutex::default(),
            next_id: AtomicU64::new(0),
        }
    }

    /// The wall time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) const fn store(&self) -> &B {
        &self.store
    }

    /// The window that a call is for.
    pub(super) fn window(&self, strategy: StrategyName, key: Key<'_>, call: &Call) -> Window {
        Window {
            strategy,
            key: key.to_string(),
            period: call.limit.period(),
            place: self.store.recipe(strategy).place(call, Timestamp::ZERO),
        }
    }

    /// Has a job done by the next round of its queue.
    pub(super) async fn have_done(self: &Arc<Self>, job: Job) -> Result<Vec<Answer>, StorageError> {
        let runtime = Handle::try_current();
        let runtime = runtime
            .map_err(|error| self.error(StorageErrorKind::Configuration, error.to_string()))?;
        let queue = match job.calls.as_slice() {
            [(window, _)] => Queue::Of(window.clone()),
            _ => Queue::OfSeveral,
        };
        let (answer, answered) = oneshot::channel();
        let (id, task) = self.join(&queue, Waiting { job, answer });
        if let Some(task) = task {
            runtime.spawn(task.run());
        }
        let patience = self.store.patience();
        match timeout(patience, answered).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(self.lost()),
            Err(_) => {
                // Whoever serves the queue does not get on; the next call starts anew.
                self.forget(&queue, id);
                let reason = format!("no answer within {patience:?}");
                Err(self.error(StorageErrorKind::Timeout, reason))
            }
        }
    }

    /// How many of the first jobs one round can serve: the entries of their windows are no
    /// more than one swap can write, and each is of one window only.
    pub(super) fn how_many_fit<'j>(&self, jobs: impl Iterator<Item = &'j Job>) -> usize {
        let mut entries: Vec<(&Window, String)> = Vec::new();
        for (number, job) in jobs.enumerate() {
            for (window, _) in &job.calls {
                if entries.iter().any(|(other, _)| *other == window) {
                    continue;
                }
                let recipe = self.store.recipe(window.strategy);
                let name = recipe.names(&window.key, window.place).swap_remove(0);
                if entries.len() == B::SWAPS || entries.iter().any(|(_, other)| *other == name) {
                    return number;
                }
                entries.push((window, name));
            }
        }
        usize::MAX
    }

    /// The error of a call whose runtime has ended.
    pub(super) fn lost(&self) -> StorageError {
        let reason = "the runtime of the calls for this key has ended";
        self.error(StorageErrorKind::Unavailable, reason.to_owned())
    }

    /// The error of a hit of more limits than the store can swap.
    pub(super) fn too_many(&self) -> StorageError {
        let reason = format!("a hit of more than {} limits at once", B::SWAPS);
        self.error(StorageErrorKind::Unsupported, reason)
    }

    fn error(&self, kind: StorageErrorKind, reason: String) -> StorageError {
        StorageError::new(kind, self.store.name(), reason)
    }

    /// Puts a job among those that wait: the id of the task that serves them, and the task,
    /// if there was none.
    fn join(self: &Arc<Self>, queue: &Queue, job: Waiting) -> (u64, Option<Task<B>>) {
        let mut waiting = self.waiting();
        if let Some(gathering) = waiting.get_mut(queue) {
            gathering.jobs.push(job);
            return (gathering.id, None);
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let jobs = vec![job];
        waiting.insert(queue.clone(), Gathering { id, jobs });
        let (rounds, queue) = (Arc::clone(self), queue.clone());
        (id, Some(Task { rounds, queue, id }))
    }

    /// Forgets the task of a queue: whoever waits for it learns that it is gone.
    fn forget(&self, queue: &Queue, id: u64) {
        let mut waiting = self.waiting();
        let gathering = waiting.get(queue);
        if gathering.is_some_and(|gathering| gathering.id == id) {
            waiting.remove(queue);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Queue, Gathering>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves what waits in one queue, round after round, until nothing does.
struct Task<B: Versioned> {
    rounds: Arc<Rounds<B>>,
    queue: Queue,
    id: u64,
}

impl<B: Versioned> Task<B> {
    async fn run(self) {
        while let Some(waiting) = self.next() {
            let (jobs, answers): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .filter(|waiting| !waiting.answer.is_closed())
                .map(|waiting| (waiting.job, waiting.answer))
                .unzip();
            for (answer, done) in answers.into_iter().zip(self.serve(&jobs).await) {
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(done);
            }
        }
    }

    async fn serve(&self, jobs: &[Job]) -> Vec<Done> {
        let (store, clock) = (&self.rounds.store, &*self.rounds.clock);
        match serve(store, clock, jobs).await {
            Ok(done) => done,
            Err(error) if jobs.len() > 1 && may_be_of_one(&error) => {
                let mut done = Vec::with_capacity(jobs.len());
                for job in jobs.chunks(1) {
                    match serve(store, clock, job).await {
                        Ok(alone) => done.extend(alone),
                        Err(error) => done.push(Err(error)),
                    }
                }
                done
            }
            Err(error) => jobs.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Takes the jobs of the next round; forgets the queue if there are none.
    fn next(&self) -> Option<Vec<Waiting>> {
        let mut waiting = self.rounds.waiting();
        let gathering = waiting.get_mut(&self.queue);
        let gathering = gathering.filter(|gathering| gathering.id == self.id)?;
        if gathering.jobs.is_empty() {
            waiting.remove(&self.queue);
            return None;
        }
        let together = match self.queue {
            Queue::Of(_) => usize::MAX,
            Queue::OfSeveral => {
                let jobs = gathering.jobs.iter().take(MOST_TOGETHER);
                self.rounds.how_many_fit(jobs.map(|waiting| &waiting.job))
            }
        };
        let together = together.min(MOST_TOGETHER).min(gathering.jobs.len());
        let later = gathering.jobs.split_off(together);
        Some(replace(&mut gathering.jobs, later))
    }
}

/// A task that ends with its runtime leaves nobody waiting.
impl<B: Versioned> Drop for Task<B> {
    fn drop(&mut self) {
        self.rounds.forget(&self.queue, self.id);
    }
}

/// Whether one job may be the reason, and others would do by themselves.
fn may_be_of_one(error: &StorageError) -> bool {
    matches!(
        error.kind(),
        StorageErrorKind::Corrupt | StorageErrorKind::Full
    )
}
