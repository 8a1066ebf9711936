//! Rounds: the calls for one key that wait, served together by one reading and one swap.

use core::hash::{BuildHasher, Hasher};
use core::mem::replace;

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limits_core::{Clock, Key, Micros, StrategyName, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::form::{Answer, Call, Recipe};
use super::versioned::{Found, Versioned};
use crate::error::{StorageError, StorageErrorKind};

/// How often a window that other processes change is read anew.
const ATTEMPTS: u32 = 32;

/// The most calls that one round serves.
const MOST_TOGETHER: usize = 1_024;

/// The longest pause after the first swap that came too late; it doubles…
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// …up to this one.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// The rounds that are on their way, one for each window.
pub(super) struct Rounds<B> {
    store: B,
    clock: Box<dyn Clock + Send + Sync>,
    /// The calls that wait for the next round of a window: there is an entry as long as
    /// a task serves it.
    waiting: Mutex<HashMap<Window, Gathering>>,
    next_id: AtomicU64,
}

/// The calls for the next round of one task.
struct Gathering {
    /// Which task's.
    id: u64,
    calls: Vec<Waiting>,
}

/// Which window it is: of which strategy, key and period, and which of several in a row
/// were it at the beginning of time.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Window {
    strategy: StrategyName,
    key: String,
    period: Micros,
    place: u64,
}

struct Waiting {
    call: Call,
    answer: oneshot::Sender<Result<Answer, Failure>>,
}

/// Why a round failed, for everybody in it.
#[derive(Clone)]
struct Failure {
    kind: StorageErrorKind,
    reason: String,
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

    /// Has a call done by the next round of its window.
    pub(super) async fn call(
        self: &Arc<Self>,
        strategy: StrategyName,
        key: Key<'_>,
        call: Call,
    ) -> Result<Answer, StorageError> {
        let runtime = Handle::try_current();
        let runtime = runtime
            .map_err(|error| self.error(StorageErrorKind::Configuration, error.to_string()))?;
        let place = self.store.recipe(strategy).place(&call, Timestamp::ZERO);
        let window = Window {
            strategy,
            key: key.to_string(),
            period: call.limit.period(),
            place,
        };
        let (answer, answered) = oneshot::channel();
        let (id, task) = self.join(&window, Waiting { call, answer });
        if let Some(task) = task {
            runtime.spawn(task.run());
        }
        let patience = self.store.patience();
        match timeout(patience, answered).await {
            Ok(Ok(answer)) => answer.map_err(|failure| self.error(failure.kind, failure.reason)),
            Ok(Err(_)) => Err(self.lost()),
            Err(_) => {
                // Whoever serves the window does not get on; the next call starts anew.
                self.forget(&window, id);
                let reason = format!("no answer within {patience:?}");
                Err(self.error(StorageErrorKind::Timeout, reason))
            }
        }
    }

    /// The error of a call whose runtime has ended.
    pub(super) fn lost(&self) -> StorageError {
        let reason = "the runtime of the calls for this key has ended";
        self.error(StorageErrorKind::Unavailable, reason.to_owned())
    }

    fn error(&self, kind: StorageErrorKind, reason: String) -> StorageError {
        StorageError::new(kind, self.store.name(), reason)
    }

    /// Puts a call among those that wait: tells the id of the task that serves them, and
    /// the task, if there was none.
    fn join(self: &Arc<Self>, window: &Window, call: Waiting) -> (u64, Option<Task<B>>) {
        let mut waiting = self.waiting();
        if let Some(gathering) = waiting.get_mut(window) {
            gathering.calls.push(call);
            return (gathering.id, None);
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let calls = vec![call];
        waiting.insert(window.clone(), Gathering { id, calls });
        let (rounds, window) = (Arc::clone(self), window.clone());
        (id, Some(Task { rounds, window, id }))
    }

    /// Forgets the task of a window: whoever waits for it learns that it is gone.
    fn forget(&self, window: &Window, id: u64) {
        let mut waiting = self.waiting();
        if waiting
            .get(window)
            .is_some_and(|gathering| gathering.id == id)
        {
            waiting.remove(window);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Window, Gathering>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is kept of a window, and the version of the first entry.
    async fn read(
        &self,
        recipe: &dyn Recipe,
        names: &[String],
        now: Timestamp,
    ) -> Result<(Entries<()>, Option<B::Version>), StorageError> {
        let at_once = match recipe.is_enough(None, now) {
            Some(_) => 1,
            None => names.len(),
        };
        let (first, rest) = names.split_at(at_once.min(names.len()));
        let (mut found, version) = without_versions(self.store.read(first).await?);
        let entry = found.first().and_then(Option::as_ref);
        if rest.is_empty() || recipe.is_enough(entry, now) != Some(false) {
            found.resize(names.len(), None);
        } else {
            found.extend(without_versions(self.store.read(rest).await?).0);
        }
        Ok((found, version))
    }

    /// Reads, decides and swaps, until nobody came between.
    async fn serve(&self, window: &Window, calls: &[Call]) -> Result<Vec<Answer>, Failure> {
        let recipe = self.store.recipe(window.strategy);
        let Some(first) = calls.first() else {
            return Ok(Vec::new());
        };
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                sleep(pause(attempt)).await;
            }
            let begin = self.clock.now();
            let place = recipe.place(first, begin);
            let names = recipe.names(&window.key, place);
            let found = self.read(recipe, &names, begin).await;
            let (found, version) = found.map_err(Failure::of)?;
            // Later than the reading, or what another process of this host wrote meanwhile
            // would be of a clock that went back.
            let now = self.clock.now();
            if recipe.place(first, now) != place {
                continue;
            }
            let round = recipe.round(place, &found, calls, now);
            let (answers, write) = round.ok_or_else(Failure::corrupt)?;
            let Some(write) = write else {
                return Ok(answers);
            };
            let swapped = self.store.swap(&names, version.as_ref(), &write).await;
            if swapped.map_err(Failure::of)? {
                return Ok(answers);
            }
        }
        Err(Failure::contended())
    }
}

impl Failure {
    fn of(error: StorageError) -> Self {
        Self {
            kind: error.kind(),
            reason: error.reason(),
        }
    }

    fn corrupt() -> Self {
        Self {
            kind: StorageErrorKind::Corrupt,
            reason: "what is stored under the key is not the state of a limit".to_owned(),
        }
    }

    fn contended() -> Self {
        Self {
            kind: StorageErrorKind::Contended,
            reason: format!("others changed the window {ATTEMPTS} times meanwhile"),
        }
    }
}

/// Serves the calls for one window, round after round, until none waits.
struct Task<B: Versioned> {
    rounds: Arc<Rounds<B>>,
    window: Window,
    id: u64,
}

impl<B: Versioned> Task<B> {
    async fn run(self) {
        while let Some(waiting) = self.next() {
            let (calls, answers): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .filter(|waiting| !waiting.answer.is_closed())
                .map(|waiting| (waiting.call, waiting.answer))
                .unzip();
            if calls.is_empty() {
                continue;
            }
            match self.rounds.serve(&self.window, &calls).await {
                Ok(done) => {
                    for (answer, done) in answers.into_iter().zip(done) {
                        // Whoever asked may have gone meanwhile.
                        let _ = answer.send(Ok(done));
                    }
                }
                Err(failure) => {
                    for answer in answers {
                        let _ = answer.send(Err(failure.clone()));
                    }
                }
            }
        }
    }

    /// Takes the calls of the next round; forgets the window if there are none.
    fn next(&self) -> Option<Vec<Waiting>> {
        let mut waiting = self.rounds.waiting();
        let gathering = waiting.get_mut(&self.window);
        let gathering = gathering.filter(|gathering| gathering.id == self.id)?;
        if gathering.calls.is_empty() {
            waiting.remove(&self.window);
            return None;
        }
        let together = gathering.calls.len().min(MOST_TOGETHER);
        let later = gathering.calls.split_off(together);
        Some(replace(&mut gathering.calls, later))
    }
}

/// A task that ends with its runtime leaves nobody waiting.
impl<B: Versioned> Drop for Task<B> {
    fn drop(&mut self) {
        self.rounds.forget(&self.window, self.id);
    }
}

type Entries<V> = Vec<Option<Found<V>>>;

/// What was found, and the version of the first entry.
fn without_versions<V>(found: Entries<V>) -> (Entries<()>, Option<V>) {
    let mut first = None;
    let found = found.into_iter().enumerate().map(|(number, found)| {
        let found = found?;
        if number == 0 {
            first = Some(found.version);
        }
        Some(Found {
            value: found.value,
            note: found.note,
            left: found.left,
            version: (),
        })
    });
    let found = found.collect();
    (found, first)
}

/// At random, that those who came too late don't meet again.
fn pause(attempt: u32) -> Duration {
    let longest = FIRST_PAUSE
        .saturating_mul(1 << attempt.min(16))
        .min(LONGEST_PAUSE);
    let random = RandomState::new().build_hasher().finish() % 1_024;
    longest * u32::try_from(random).unwrap_or(0) / 1_024
}
