use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use limits_core::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits_core::{
    Ask, Clock, Decision, Keeps, Key, ManualClock, Micros, RateLimitItem, Storage, StrategyName,
    Timestamp,
};
use tokio::task::{JoinSet, yield_now};

use super::{Cas, Found, Swap, Versioned};
use crate::error::{StorageError, StorageErrorKind};

const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A store in memory, which several storages share as hosts do a server.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    entries: HashMap<String, (u64, Vec<u8>)>,
    swaps: u64,
    /// So many swaps come too late.
    late: u64,
    /// What others do before the next reading.
    meanwhile: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Store {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics under the lock")
    }
}

impl Versioned for Store {
    type Version = u64;

    const SWAPS: usize = 8;

    fn name(&self) -> &str {
        "fake"
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }

    async fn read(&self, names: &[String]) -> Result<Vec<Option<Found<u64>>>, StorageError> {
        yield_now().await;
        let meanwhile = self.lock().meanwhile.take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        let state = self.lock();
        let found = names.iter().map(|name| {
            let (version, value) = state.entries.get(name)?;
            Some(Found {
                value: value.clone(),
                note: 0,
                left: None,
                version: *version,
            })
        });
        Ok(found.collect())
    }

    async fn swap(&self, swaps: &[Swap<'_, u64>]) -> Result<bool, StorageError> {
        yield_now().await;
        let mut state = self.lock();
        state.swaps += 1;
        let is_late = state.late > 0;
        state.late = state.late.saturating_sub(1);
        let current = |state: &State, name: &String| state.entries.get(name).map(|entry| entry.0);
        let is_current =
            |swap: &Swap<'_, u64>| current(&state, &swap.names[0]).as_ref() == swap.version;
        if is_late || !swaps.iter().all(is_current) {
            return Ok(false);
        }
        for swap in swaps {
            let version = current(&state, &swap.names[0]).unwrap_or(0) + 1;
            let entry = (version, swap.write.value.clone());
            state.entries.insert(swap.names[0].clone(), entry);
        }
        Ok(true)
    }

    async fn check(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn reset(&self) -> Result<u64, StorageError> {
        let mut state = self.lock();
        Ok(state.entries.drain().count() as u64)
    }

    async fn clear(&self, key: Key<'_>, _now: Timestamp) -> Result<(), StorageError> {
        let mut state = self.lock();
        for strategy in StrategyName::ALL {
            for name in self.recipe(*strategy).names(&key.to_string(), 0) {
                state.entries.remove(&name);
            }
        }
        Ok(())
    }
}

/// A host's clock.
#[derive(Clone)]
struct Host(Arc<ManualClock>);

impl Host {
    fn at(now: Timestamp) -> Self {
        Self(Arc::new(ManualClock::new(now)))
    }
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

async fn hit<K>(storage: &Cas<Store>, kind: K, item: &RateLimitItem<'_>) -> Decision
where
    K: Kind + Into<StrategyName>,
{
    let ask = Ask::new(kind, item, "user-42", 1);
    let answer = storage.acquire(ask, Timestamp::from_secs(5)).await;
    answer.expect("the store answers")
}

/// Has `tasks` hit one key through two storages of one store: how many passed.
async fn admitted<K: Kind + Into<StrategyName>>(store: &Store, kind: K, tasks: u64) -> u64 {
    let item = RateLimitItem::per_hour(40);
    let clock = Host::at(START);
    let hosts = [0, 1].map(|_| Arc::new(Cas::with_wall_clock(store.clone(), clock.clone())));
    let mut hits = JoinSet::new();
    for number in 0..tasks {
        let storage = Arc::clone(&hosts[usize::from(number % 2 == 0)]);
        hits.spawn(async move { hit(&storage, kind, &item).await.allowed() });
    }
    hits.join_all()
        .await
        .into_iter()
        .filter(|allowed| *allowed)
        .count() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hosts_take_exactly_the_amount() {
    let store = Store::default();
    assert_eq!(admitted(&store, Fixed, 200).await, 40);
    assert_eq!(admitted(&store, Elastic, 200).await, 40);
    assert_eq!(admitted(&store, Moving, 200).await, 40);
    assert_eq!(admitted(&store, SlidingCounter, 200).await, 40);
    assert_eq!(admitted(&store, Gcra, 200).await, 40);
}

#[tokio::test]
async fn calls_for_one_key_go_together() {
    let store = Store::default();
    assert_eq!(admitted(&store, Fixed, 40).await, 40);
    let swaps = store.lock().swaps;
    assert!(swaps < 10, "{swaps} swaps");
}

#[tokio::test]
async fn a_swap_that_comes_too_late_is_tried_again() {
    let store = Store::default();
    store.lock().late = 3;
    assert_eq!(admitted(&store, Gcra, 1).await, 1);
}

#[tokio::test(start_paused = true)]
async fn who_always_comes_too_late_is_told() {
    let store = Store::default();
    store.lock().late = u64::MAX;
    let storage = Cas::with_wall_clock(store, Host::at(START));
    let item = RateLimitItem::per_hour(1);
    let ask = Ask::new(Fixed, &item, "user-42", 1);
    let error = storage
        .acquire(ask, START)
        .await
        .expect_err("it is contended");
    assert_eq!(error.kind(), StorageErrorKind::Contended);
    let message = "fake: others changed the window 32 times meanwhile";
    assert_eq!(error.to_string(), message);
}

#[tokio::test]
async fn answers_are_by_the_callers_clock() {
    let storage = Cas::with_wall_clock(Store::default(), Host::at(START));
    let item = RateLimitItem::per_minute(1);
    let end = Timestamp::from_secs(65);
    let taken = hit(&storage, Fixed, &item).await;
    assert_eq!(
        (taken.now(), taken.reset_time()),
        (Timestamp::from_secs(5), end)
    );
    for refused in [
        hit(&storage, Fixed, &item).await,
        {
            let _ = hit(&storage, Moving, &item).await;
            hit(&storage, Moving, &item).await
        },
        {
            let _ = hit(&storage, Gcra, &item).await;
            hit(&storage, Gcra, &item).await
        },
    ] {
        assert_eq!(
            (refused.allowed(), refused.retry_at()),
            (false, Some(end)),
            "{refused:?}"
        );
    }
}

/// A clock that no two calls read alike.
#[derive(Clone, Default)]
struct Ticking(Arc<AtomicU64>);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        START.saturating_add(Micros::from_micros(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Else the window would be brought forward as one that a clock left which went back, and
/// what others took could not be given back any more.
#[tokio::test]
async fn nothing_that_is_read_is_of_later_than_the_clock() {
    let (store, clock) = (Store::default(), Ticking::default());
    let hosts = [(); 2].map(|()| Arc::new(Cas::with_wall_clock(store.clone(), clock.clone())));
    let [one, other] = hosts;
    let taken = Arc::new(Mutex::new(None));
    let (others, took) = (Arc::clone(&other), Arc::clone(&taken));
    store.lock().meanwhile = Some(Box::pin(async move {
        let item = RateLimitItem::per_hour(5);
        *took.lock().expect("nothing panics under the lock") =
            hit(&others, Moving, &item).await.charge();
    }));
    let item = RateLimitItem::per_hour(5);
    assert!(hit(&one, Moving, &item).await.allowed());
    let charge = taken.lock().expect("nothing panics under the lock").take();
    let charge = charge.expect("the units fit");
    let settled = other.settle(Moving, item.key_for("user-42"), charge, 0, START);
    assert_eq!(settled.await.expect("the store answers").given_back, 1);
}

/// What clocks that are 2 s apart can cost: at the end of a window, which the one ahead
/// sees 2 s sooner, each admits the amount once. No window is closed for longer than
/// a period.
#[tokio::test]
async fn hosts_whose_clocks_are_apart_admit_no_more_than_the_step_allows() {
    let store = Store::default();
    let (behind, ahead) = (
        Host::at(START),
        Host::at(START.saturating_add(Micros::from_secs(2))),
    );
    let hosts = [&behind, &ahead].map(|host| Cas::with_wall_clock(store.clone(), host.clone()));
    let item = RateLimitItem::per_minute(10);
    let mut admitted = [Vec::new(), Vec::new()];
    for second in 0..180_u64 {
        for storage in &hosts {
            for (kind, admitted) in admitted.iter_mut().enumerate() {
                let decision = match kind {
                    0 => hit(storage, Moving, &item).await,
                    _ => hit(storage, Gcra, &item).await,
                };
                admitted.extend(decision.allowed().then_some(second));
            }
        }
        behind.0.advance(Micros::from_secs(1));
        ahead.0.advance(Micros::from_secs(1));
    }
    let [moving, gcra] = &admitted;
    // In every interval of a period less the step.
    for start in moving {
        let within = moving
            .iter()
            .filter(|at| (*start..start + 58).contains(at))
            .count();
        assert!(within <= 10, "{within} from {start} on: {moving:?}");
    }
    assert!(moving.len() >= 30, "{moving:?}");
    // The amount, and what refills in three minutes and the step.
    assert!((40..=41).contains(&gcra.len()), "{gcra:?}");
}

#[tokio::test]
async fn a_dropped_call_that_never_began_takes_nothing() {
    let store = Store::default();
    let storage = Cas::with_wall_clock(store.clone(), Host::at(START));
    let item = RateLimitItem::per_hour(1);
    // On this runtime of one thread the task of the round has not run yet.
    assert!(limits_core::poll_once(hit(&storage, Fixed, &item)).is_none());
    assert!(hit(&storage, Fixed, &item).await.allowed());
}

#[test]
fn without_a_runtime_a_call_is_an_error() {
    let storage = Cas::new(Store::default());
    let item = RateLimitItem::per_hour(1);
    let ask = Ask::new(Fixed, &item, "user-42", 1);
    let answer = limits_core::poll_once(storage.acquire(ask, START));
    let error = answer
        .expect("it is told at once")
        .expect_err("there is no runtime");
    assert_eq!(error.kind(), StorageErrorKind::Configuration);
}

#[test]
fn a_runtime_that_ended_keeps_nobody_waiting() {
    let store = Store::default();
    let storage = Cas::with_wall_clock(store, Host::at(START));
    let item = RateLimitItem::per_hour(5);
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        runtime.block_on(async {
            // Begun and left behind with the runtime.
            assert!(limits_core::poll_once(hit(&storage, Fixed, &item)).is_none());
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    assert!(
        runtime
            .expect("a runtime")
            .block_on(hit(&storage, Fixed, &item))
            .allowed()
    );
}

#[tokio::test]
async fn what_is_no_window_is_corrupt() {
    let store = Store::default();
    let entry = (1, b"something else".to_vec());
    let name = "LIMITER/user-42/1/1/hour/fixed".to_owned();
    store.lock().entries.insert(name, entry);
    let storage = Cas::new(store);
    let item = RateLimitItem::per_hour(1);
    let error = storage
        .acquire(Ask::new(Fixed, &item, "user-42", 1), START)
        .await;
    let error = error.expect_err("no window");
    assert_eq!(error.kind(), StorageErrorKind::Corrupt);
    assert!(!error.to_string().contains("user-42"), "{error}");
}

#[tokio::test]
async fn clear_forgets_every_strategy() {
    let storage = Cas::new(Store::default());
    let item = RateLimitItem::per_hour(1);
    assert!(hit(&storage, Fixed, &item).await.allowed());
    assert!(hit(&storage, Gcra, &item).await.allowed());
    storage
        .clear(item.key_for("user-42"))
        .await
        .expect("the store answers");
    assert!(hit(&storage, Fixed, &item).await.allowed());
    assert!(hit(&storage, Gcra, &item).await.allowed());
}

/// Hits of two limits by many tasks through two hosts, one limit shared by all.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_limits_pass_all_or_none_at_once() {
    let store = Store::default();
    let clock = Host::at(START);
    let hosts = [0, 1].map(|_| Arc::new(Cas::with_wall_clock(store.clone(), clock.clone())));
    let mut hits = JoinSet::new();
    for number in 0..200_usize {
        let storage = Arc::clone(&hosts[number % 2]);
        hits.spawn(async move {
            let (all, own) = (RateLimitItem::per_hour(90), RateLimitItem::per_hour(10));
            let user = format!("user-{}", number / 2 % 10);
            let asks = [
                Ask::new(StrategyName::MovingWindow, &all, "all", 1),
                Ask::new(StrategyName::Gcra, &own, &user, 1),
            ];
            let mut decisions = asks.map(|ask| Decision::never(ask.hit(START)));
            let answer = storage.acquire_all(&asks, START, &mut decisions).await;
            answer.expect("the store answers");
            decisions.iter().all(Decision::allowed)
        });
    }
    let admitted = hits.join_all().await.into_iter().filter(|all| *all).count();
    assert_eq!(admitted, 90);
    let item = RateLimitItem::per_hour(90);
    let ask = Ask::new(Moving, &item, "all", 1);
    let left = hosts[0].peek(ask, START).await.expect("the store answers");
    assert_eq!(left.remaining(), 0);
    let swaps = store.lock().swaps;
    assert!(swaps < 100, "{swaps} swaps");
}

#[tokio::test]
async fn a_window_that_is_none_fails_its_own_hit_only() {
    let store = Store::default();
    let entry = (1, b"something else".to_vec());
    let name = "LIMITER/bad/5/1/hour/gcra".to_owned();
    store.lock().entries.insert(name, entry);
    let storage = Arc::new(Cas::new(store));
    let mut hits = JoinSet::new();
    for user in ["bad", "good", "better"] {
        let storage = Arc::clone(&storage);
        hits.spawn(async move {
            let (all, own) = (RateLimitItem::per_hour(90), RateLimitItem::per_hour(5));
            let asks = [
                Ask::new(StrategyName::MovingWindow, &all, "all", 1),
                Ask::new(StrategyName::Gcra, &own, user, 1),
            ];
            let mut decisions = asks.map(|ask| Decision::never(ask.hit(START)));
            storage
                .acquire_all(&asks, START, &mut decisions)
                .await
                .is_ok()
        });
    }
    let mut answered = hits.join_all().await;
    answered.sort_unstable();
    assert_eq!(answered, [false, true, true]);
    let item = RateLimitItem::per_hour(90);
    let ask = Ask::new(Moving, &item, "all", 1);
    let left = storage.peek(ask, START).await.expect("the store answers");
    assert_eq!(left.remaining(), 88);
}

#[tokio::test]
async fn limits_of_one_window_are_added_up() {
    let storage = Cas::new(Store::default());
    let item = RateLimitItem::per_hour(3);
    let asks = [1, 2, 1].map(|cost| Ask::new(StrategyName::FixedWindow, &item, "user-42", cost));
    let mut decisions = asks.map(|ask| Decision::never(ask.hit(START)));
    for (asks, allowed) in [(&asks[..], false), (&asks[..2], true)] {
        let answer = storage
            .acquire_all(asks, START, &mut decisions[..asks.len()])
            .await;
        answer.expect("the store answers");
        assert_eq!(
            decisions[..asks.len()].iter().all(Decision::allowed),
            allowed
        );
    }
}

#[tokio::test]
async fn more_limits_than_can_be_swapped_are_an_error() {
    let storage = Cas::new(Store::default());
    let item = RateLimitItem::per_hour(3);
    let names: Vec<String> = (0..9).map(|number| format!("user-{number}")).collect();
    let asks: Vec<_> = names
        .iter()
        .map(|name| Ask::new(StrategyName::FixedWindow, &item, name, 1))
        .collect();
    let mut decisions: Vec<_> = asks
        .iter()
        .map(|ask| Decision::never(ask.hit(START)))
        .collect();
    let error = storage.acquire_all(&asks, START, &mut decisions).await;
    let error = error.expect_err("there are too many");
    assert_eq!(
        error.to_string(),
        "fake: a hit of more than 8 limits at once"
    );
}
