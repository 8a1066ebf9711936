use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use limits::StorageErrorKind::{Timeout, Unavailable};
use limits::{
    AnyRateLimiter, AnyStorage, Decision, RateLimitItem, StorageError, StorageErrorKind,
    StrategyName, storage_from_string,
};
use limits_tests::servers;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Outcome, meanwhile};

/// How often each task hits.
const PAUSE: Duration = Duration::from_millis(2);

/// Above this a machine was busy, or a call hangs: a call may connect and send twice.
const LONGEST_CALL: Duration = Duration::from_millis(2 * (1_000 + 500) + 1_000);

const TASKS: usize = 4;
/// More than can be taken in a test.
const AMOUNT: u64 = 200_000;

/// Tasks that hit without end, by several strategies, each on limits of its own.
pub(super) struct Load {
    storage: AnyStorage,
    strategies: Vec<StrategyName>,
    users: Vec<String>,
    seen: Arc<Mutex<Seen>>,
    stopped: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

/// What came of the hits.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Admitted units by strategy and user.
    admitted: BTreeMap<(&'static str, String), u64>,
    /// Hits that failed, and so may have been charged, likewise.
    failed: BTreeMap<(&'static str, String), u64>,
    pub(super) kinds: BTreeMap<String, u64>,
    pub(super) last_error: String,
    longest: Duration,
}

impl Seen {
    pub(super) fn all_failed(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// Fixed and moving windows of one namespace would share their keys. A bucket has no unit
/// refilled before two minutes are over.
pub(super) fn item(strategy: &'static str) -> RateLimitItem<'static> {
    RateLimitItem::per_year(AMOUNT).with_namespace(strategy)
}

impl Load {
    /// Starts to hit the storage of a URI by every strategy in the names of `users`.
    pub(super) fn start(uri: &str, users: &[&str]) -> Result<Self, StorageError> {
        Self::start_by(StrategyName::ALL, uri, users)
    }

    /// Starts to hit the storage of a URI by some strategies.
    pub(super) fn start_by(
        strategies: &[StrategyName],
        uri: &str,
        users: &[&str],
    ) -> Result<Self, StorageError> {
        let mut load = Self {
            storage: storage_from_string(uri)?,
            strategies: strategies.to_vec(),
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            seen: Arc::default(),
            stopped: Arc::default(),
            tasks: JoinSet::new(),
        };
        for &strategy in strategies {
            let limiter = load.limiter(strategy)?;
            for first in 0..TASKS {
                let hits = Hits {
                    limiter: Arc::clone(&limiter),
                    strategy: strategy.as_str(),
                    users: load.users.clone(),
                    seen: Arc::clone(&load.seen),
                    stopped: Arc::clone(&load.stopped),
                };
                load.tasks.spawn(hits.run(first));
            }
        }
        Ok(load)
    }

    fn limiter(&self, strategy: StrategyName) -> Result<Arc<AnyRateLimiter>, StorageError> {
        self.storage.limiter(strategy).map(Arc::new)
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().expect("no task panics").clone()
    }

    /// Waits until some more hits of every user and strategy were admitted.
    pub(super) async fn admits_more(&self, limit: Duration) -> Result<Duration, String> {
        let start = Instant::now();
        let before = self.seen();
        let more = async {
            while !self.is_ahead_of(&before) {
                sleep(PAUSE).await;
            }
        };
        let in_time = timeout(limit, more).await;
        in_time.map_err(|_| format!("no more hits are admitted: {:?}", self.seen()))?;
        Ok(start.elapsed())
    }

    /// Does to servers what makes hits fail for a time, which is `limit` at most.
    pub(super) async fn outlives(
        &self,
        fault: impl FnOnce() -> Result<(), servers::Error>,
        limit: Duration,
    ) -> Outcome {
        self.admits_more(limit).await?;
        meanwhile(fault).await?;
        self.admits_more(limit).await?;
        assert_failed_as(&self.seen(), &[Unavailable, Timeout]);
        Ok(())
    }

    fn is_ahead_of(&self, before: &Seen) -> bool {
        let seen = self.seen();
        self.strategies.iter().all(|strategy| {
            self.users.iter().all(|user| {
                let key = (strategy.as_str(), user.clone());
                let count = |seen: &Seen| seen.admitted.get(&key).copied().unwrap_or(0);
                count(&seen) > count(before) + 2
            })
        })
    }

    /// Stops, takes what is left and checks that no limit was passed: that no more
    /// than `lost` hits were admitted above it, and that no call took too long.
    pub(super) async fn ends_within_limits(mut self, lost: u64) -> Result<Seen, String> {
        self.stopped.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
        let mut seen = self.seen();
        for &strategy in &self.strategies {
            let limiter = self.limiter(strategy).map_err(|error| error.to_string())?;
            for user in self.users.clone() {
                let rest = rest_of(&limiter, strategy.as_str(), &user).await?;
                let key = (strategy.as_str(), user);
                let admitted = seen.admitted.entry(key.clone()).or_default();
                *admitted += rest;
                let failed = seen.failed.get(&key).copied().unwrap_or(0);
                let expected = AMOUNT.saturating_sub(failed)..=AMOUNT + lost;
                if !expected.contains(admitted) {
                    return Err(format!("{key:?}: {admitted} admitted, not {expected:?}"));
                }
            }
        }
        if seen.longest > LONGEST_CALL {
            return Err(format!("a call took {:?}", seen.longest));
        }
        Ok(seen)
    }
}

/// Takes everything that is left, in the largest parts that fit.
async fn rest_of(
    limiter: &AnyRateLimiter,
    strategy: &'static str,
    user: &str,
) -> Result<u64, String> {
    let item = item(strategy);
    let mut taken = 0;
    loop {
        let stats = limiter.get_window_stats(&item, user).await;
        let rest = stats.map_err(|error| error.to_string())?.remaining;
        let hit = limiter.hit(&item, user, rest.max(1)).await;
        if !hit.map_err(|error| error.to_string())?.allowed() {
            return Ok(taken);
        }
        taken += rest;
    }
}

struct Hits {
    limiter: Arc<AnyRateLimiter>,
    strategy: &'static str,
    users: Vec<String>,
    seen: Arc<Mutex<Seen>>,
    stopped: Arc<AtomicBool>,
}

impl Hits {
    fn note(&self, user: &str, answer: Result<Decision, StorageError>, took: Duration) {
        let mut seen = self.seen.lock().expect("no task panics");
        seen.longest = seen.longest.max(took);
        let key = (self.strategy, user.to_owned());
        match answer {
            Ok(decision) => {
                *seen.admitted.entry(key).or_default() += u64::from(decision.allowed());
            }
            Err(error) => {
                *seen.failed.entry(key).or_default() += 1;
                *seen.kinds.entry(error.kind().to_string()).or_default() += 1;
                seen.last_error = error.to_string();
            }
        }
    }

    async fn run(self, first: usize) {
        for user in self.users.iter().cycle().skip(first) {
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            let start = Instant::now();
            let answer = self.limiter.hit(&item(self.strategy), user, 1).await;
            self.note(user, answer, start.elapsed());
            sleep(PAUSE).await;
        }
    }
}

/// Asserts that hits failed, and for no other reasons than these.
#[track_caller]
pub(super) fn assert_failed_as(seen: &Seen, kinds: &[StorageErrorKind]) {
    let expected: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    assert!(seen.all_failed() > 0, "{seen:?}");
    assert!(
        seen.kinds.keys().all(|kind| expected.contains(kind)),
        "not only {expected:?}: {seen:?}"
    );
}
