//! One round: windows are read, decided on, and swapped, until nobody came between.

use core::time::Duration;

use limits_core::{Clock, Micros, StrategyName, Timestamp};
use tokio::time::sleep;

use super::form::{Answer, Call, Opened, Recipe, Unwritable};
use super::versioned::{Found, Swap, Versioned, Write};
use super::windows::Windows;
use crate::error::{StorageError, StorageErrorKind};
use crate::random::pause;

/// How often a window that other processes change is read anew.
const ATTEMPTS: u32 = 32;

/// Half of the longest pause after the first swap that came too late; it doubles…
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// …so many times.
const DOUBLINGS: u32 = 6;

/// Which window it is: of which strategy, key and period, and which of several in a row
/// were it at the beginning of time.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Window {
    pub(super) strategy: StrategyName,
    pub(super) key: String,
    pub(super) period: Micros,
    pub(super) place: u64,
}

/// What one caller asks for: one call, or several hits or questions, each of its window.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) calls: Vec<(Window, Call)>,
}

/// What became of a job: an answer for each of its calls.
pub(super) type Done = Result<Vec<Answer>, StorageError>;

/// Serves jobs in their order by one reading and one swap for all of their windows, and
/// again, as long as others come between.
///
/// # Errors
///
/// The store's, and [`StorageErrorKind::Contended`].
pub(super) async fn serve<B: Versioned>(
    store: &B,
    clock: &(dyn Clock + Send + Sync),
    jobs: &[Job],
) -> Result<Vec<Done>, StorageError> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            sleep(pause(FIRST_PAUSE, DOUBLINGS, attempt)).await;
        }
        let begin = clock.now();
        let mut entries = Entry::of_jobs(store, jobs, begin);
        read(store, &mut entries, begin).await?;
        // Later than the reading, or what another process of this host wrote meanwhile
        // would be of a clock that went back.
        let now = clock.now();
        if entries.iter().any(|entry| !entry.is_of(now)) {
            continue;
        }
        let (done, writes) = decide(store.name(), &entries, jobs, now)?;
        if writes.is_empty() || swap(store, &entries, &writes).await? {
            return Ok(done);
        }
    }
    Err(contended(store.name()))
}

/// A window of the jobs, and what is stored of it.
struct Entry<'a, V> {
    recipe: &'static dyn Recipe,
    window: &'a Window,
    /// One of its calls.
    call: &'a Call,
    place: u64,
    names: Vec<String>,
    found: Vec<Option<Found<()>>>,
    /// That of the first name.
    version: Option<V>,
}

impl<'a, V> Entry<'a, V> {
    /// The windows of jobs, each once.
    fn of_jobs(store: &impl Versioned<Version = V>, jobs: &'a [Job], now: Timestamp) -> Vec<Self> {
        let mut entries: Vec<Self> = Vec::new();
        for (window, call) in jobs.iter().flat_map(|job| &job.calls) {
            if entries.iter().all(|entry| entry.window != window) {
                let recipe = store.recipe(window.strategy);
                let place = recipe.place(call, now);
                entries.push(Self {
                    recipe,
                    window,
                    call,
                    place,
                    names: recipe.names(&window.key, place),
                    found: Vec::new(),
                    version: None,
                });
            }
        }
        entries
    }

    /// Whether a call would still be about the same window.
    fn is_of(&self, now: Timestamp) -> bool {
        self.recipe.place(self.call, now) == self.place
    }

    /// The names that are to be read next.
    fn unread(&self, now: Timestamp) -> &[String] {
        let (read, unread) = self.names.split_at(self.found.len().min(self.names.len()));
        let first = self.found.first().and_then(Option::as_ref);
        match self.recipe.is_enough(first, now) {
            Some(_) if read.is_empty() => &unread[..unread.len().min(1)],
            Some(true) => &[],
            Some(false) | None => unread,
        }
    }

    fn add(&mut self, found: Option<Found<V>>) {
        let is_first = self.found.is_empty();
        let (found, version) = found.map(without_version).unzip();
        self.found.push(found);
        if is_first {
            self.version = version;
        }
    }

    fn open(&self, now: Timestamp) -> Option<Box<dyn Opened + '_>> {
        self.recipe
            .open(self.place, &self.found, self.window.period, now)
    }
}

fn without_version<V>(found: Found<V>) -> (Found<()>, V) {
    let without = Found {
        value: found.value,
        note: found.note,
        left: found.left,
        version: (),
    };
    (without, found.version)
}

/// Reads what is kept of the windows: once, or twice if that is not enough for some.
async fn read<B: Versioned>(
    store: &B,
    entries: &mut [Entry<'_, B::Version>],
    now: Timestamp,
) -> Result<(), StorageError> {
    for _ in 0..2 {
        let unread: Vec<usize> = entries
            .iter()
            .map(|entry| entry.unread(now).len())
            .collect();
        let names = entries.iter().flat_map(|entry| entry.unread(now));
        let names: Vec<String> = names.cloned().collect();
        if names.is_empty() {
            break;
        }
        let mut found = store.read(&names).await?.into_iter();
        for (entry, unread) in entries.iter_mut().zip(unread) {
            (0..unread).for_each(|_| entry.add(found.next().flatten()));
        }
    }
    for entry in entries {
        entry.found.resize(entry.names.len(), None);
    }
    Ok(())
}

/// What is to be written of the entries of these numbers.
type Writes = Vec<(usize, Write)>;

/// Does the jobs, each if its windows could be read.
fn decide<V>(
    backend: &str,
    entries: &[Entry<'_, V>],
    jobs: &[Job],
    now: Timestamp,
) -> Result<(Vec<Done>, Writes), StorageError> {
    let mut opened: Vec<_> = entries.iter().map(|entry| entry.open(now)).collect();
    let place_of = |window: &Window| entries.iter().position(|entry| entry.window == window);
    let done = jobs.iter().map(|job| {
        let places = job.calls.iter().filter_map(|(window, _)| place_of(window));
        let places = places.collect();
        let mut windows = Windows::new(&mut opened, places);
        windows.do_job(job, now).ok_or_else(|| corrupt(backend))
    });
    let done = done.collect();
    let mut writes = Writes::new();
    for (number, window) in opened.iter().enumerate() {
        let changed = window
            .as_ref()
            .map_or(Ok(None), |window| window.changed(now));
        let changed = changed.map_err(|Unwritable| corrupt(backend))?;
        writes.extend(changed.map(|write| (number, write)));
    }
    Ok((done, writes))
}

async fn swap<B: Versioned>(
    store: &B,
    entries: &[Entry<'_, B::Version>],
    writes: &[(usize, Write)],
) -> Result<bool, StorageError> {
    let swaps = writes.iter().filter_map(|(number, write)| {
        let entry = entries.get(*number)?;
        let version = entry.version.as_ref();
        Some(Swap {
            names: &entry.names,
            version,
            write,
        })
    });
    let swaps: Vec<_> = swaps.collect();
    store.swap(&swaps).await
}

fn corrupt(backend: &str) -> StorageError {
    let reason = "what is stored under the key is not the state of a limit";
    StorageError::new(StorageErrorKind::Corrupt, backend, reason)
}

fn contended(backend: &str) -> StorageError {
    let reason = format!("others changed the window {ATTEMPTS} times meanwhile");
    StorageError::new(StorageErrorKind::Contended, backend, reason)
}
