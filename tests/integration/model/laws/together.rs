//! Several limits at once: all or none, each by its own model.

use core::num::NonZeroU32;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use heapless::String;
use limits::MemoryStorage;
use limits_core::storage::acquire_in_turn;
use limits_core::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits_core::{
    Ask, Decision, Decisions, FixedLog, FixedWindow, GcraWindow, Keeps, ManualClock, MovingWindow,
    RateLimitItem, RateLimiter, SlidingWindow, StrategyName, TableStorage, Timestamp, poll_once,
};
use limits_tests::model::{self, Answer, Model};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::cases;
use super::subject::answer;

const LIMITS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// Hits limits by their numbers, each with a cost.
    Hit(Vec<(usize, u64)>),
    Test(Vec<(usize, u64)>),
    /// Lets so many milliseconds and microseconds pass.
    Wait(u64, u64),
}

/// A limit and the place of its strategy.
#[derive(Clone, Copy, Debug)]
struct Limit {
    amount: u64,
    seconds: u32,
    strategy: usize,
}

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let limit = (0..=9_u64, 1..4_u32, 0..StrategyName::ALL.len());
    let limit = limit.prop_map(|(amount, seconds, strategy)| Limit {
        amount,
        seconds,
        strategy,
    });
    vec(limit, LIMITS)
}

/// Of any limits in any order, some of them twice.
fn asks() -> impl Strategy<Value = Vec<(usize, u64)>> {
    let cost = prop_oneof![1 => Just(0), 6 => 1..4_u64, 1 => 4..12_u64];
    vec((0..LIMITS, cost), 0..6)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => asks().prop_map(Step::Hit),
        2 => asks().prop_map(Step::Test),
        4 => (0..900_u64, 0..2_u64).prop_map(|(millis, micros)| Step::Wait(millis, micros)),
    ];
    vec(step, 1..50)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_hit_of_several_limits_takes_from_all_or_none(limits in limits(), steps in steps()) {
        type Table<W> = TableStorage<NoopRawMutex, String<64>, W, 8>;
        type Log = MovingWindow<FixedLog<12>>;
        let of = |limits: &[Limit], strategy| {
            limits.iter().map(|limit| Limit { strategy, ..*limit }).collect::<Vec<_>>()
        };
        plays::<_, Table<FixedWindow>>(&of(&limits, 0), |_| Fixed, &steps)?;
        plays::<_, Table<FixedWindow>>(&of(&limits, 1), |_| Elastic, &steps)?;
        plays::<_, Table<Log>>(&of(&limits, 2), |_| Moving, &steps)?;
        plays::<_, Table<SlidingWindow>>(&of(&limits, 3), |_| SlidingCounter, &steps)?;
        plays::<_, Table<GcraWindow<u64>>>(&of(&limits, 4), |_| Gcra, &steps)?;
        let by_name = |strategy| StrategyName::ALL[strategy];
        plays::<_, MemoryStorage>(&limits, by_name, &steps)?;
    }
}

/// A model of any strategy.
trait Known {
    fn hit(&mut self, cost: u64, now: u64) -> Answer;

    fn test(&self, cost: u64, now: u64) -> Answer;
}

impl<M: Model> Known for M {
    fn hit(&mut self, cost: u64, now: u64) -> Answer {
        Model::hit(self, cost, now)
    }

    fn test(&self, cost: u64, now: u64) -> Answer {
        Model::test(self, cost, now)
    }
}

fn known(limit: Limit) -> Box<dyn Known> {
    let (amount, period) = (limit.amount, u64::from(limit.seconds) * 1_000_000);
    match StrategyName::ALL[limit.strategy] {
        StrategyName::FixedWindow => Box::new(model::Fixed::new(amount, period)),
        StrategyName::FixedWindowElasticExpiry => Box::new(model::Elastic::new(amount, period)),
        StrategyName::MovingWindow => Box::new(model::Moving::new(amount, period)),
        StrategyName::SlidingWindowCounter => Box::new(model::Sliding::new(amount, period)),
        StrategyName::Gcra => Box::new(model::Gcra::new(amount, period)),
        strategy => unreachable!("no model of {strategy}"),
    }
}

/// What each limit says to a hit of several, by the models, which change as the limits do.
fn expected(models: &mut [Box<dyn Known>], asks: &[(usize, u64)], now: u64) -> Vec<Answer> {
    // Asks for the same window are added up.
    let added_up = |number: usize| {
        let (limit, _) = asks[number];
        let same = asks[..=number].iter().filter(|(other, _)| *other == limit);
        (limit, same.map(|(_, cost)| cost).sum::<u64>())
    };
    let added_up: Vec<_> = (0..asks.len()).map(added_up).collect();
    let tests = added_up
        .iter()
        .map(|(limit, cost)| models[*limit].test(*cost, now));
    let tests: Vec<_> = tests.collect();
    if tests.iter().all(|test| test.allowed) {
        let hits = asks
            .iter()
            .map(|(limit, cost)| models[*limit].hit(*cost, now));
        return hits.collect();
    }
    let refused = added_up.iter().zip(tests).map(|((limit, cost), test)| {
        if test.allowed {
            test
        } else {
            models[*limit].hit(*cost, now)
        }
    });
    refused.collect()
}

fn answers(decisions: &Decisions<Vec<Decision>>) -> Vec<Answer> {
    decisions.as_slice().iter().copied().map(answer).collect()
}

fn plays<K, S>(limits: &[Limit], kind: impl Fn(usize) -> K, steps: &[Step]) -> TestCaseResult
where
    K: Kind,
    S: Default + Keeps<K>,
{
    let kinds: Vec<_> = limits.iter().map(|limit| kind(limit.strategy)).collect();
    let item = |limit: &Limit| {
        let seconds = NonZeroU32::new(limit.seconds).expect("a period is not empty");
        RateLimitItem::per_second(limit.amount).with_multiples(seconds)
    };
    let items: Vec<RateLimitItem<'_>> = limits.iter().map(item).collect();
    let mut models: Vec<_> = limits.iter().map(|limit| known(*limit)).collect();
    let limiter = RateLimiter::with_strategy(kinds[0], S::default(), ManualClock::default());
    let mut now = 1_000_000_000;
    for (number, step) in steps.iter().enumerate() {
        limiter.clock().set(Timestamp::from_micros(now));
        let state = format!("step {number}, {step:?} at {now} of {limits:?}");
        let make = |asks: &[(usize, u64)]| {
            let ask = |(limit, cost): &(usize, u64)| {
                // Two limits of the same numbers are two limits.
                let id = u64::try_from(*limit).expect("there are few");
                Ask::new(kinds[*limit], &items[*limit], id, *cost)
            };
            asks.iter().map(ask).collect::<Vec<_>>()
        };
        match step {
            Step::Wait(millis, micros) => now += millis * 1_000 + micros,
            Step::Test(asks) => {
                let test = poll_once(limiter.test_all(&make(asks)[..])).expect("it never waits");
                let test = test.expect("a test needs no room");
                let each = asks
                    .iter()
                    .map(|(limit, cost)| models[*limit].test(*cost, now));
                prop_assert_eq!(answers(&test), each.collect::<Vec<_>>(), "{}", state);
            }
            Step::Hit(asks) => {
                let made = make(asks);
                let hit = poll_once(limiter.hit_all(&made[..])).expect("it never waits");
                let hit = hit.expect("there is room for all");
                prop_assert_eq!(answers(&hit), expected(&mut models, asks, now), "{}", state);
                let is_once =
                    |limit: &usize| asks.iter().filter(|(other, _)| other == limit).count() <= 1;
                if !hit.allowed() && (0..LIMITS).all(|limit| is_once(&limit)) {
                    binds(&limiter, &made, &hit, &state)?;
                }
                limiter.clock().set(Timestamp::from_micros(now));
            }
        }
    }
    Ok(())
}

/// Checks that what binds passes last, and that all pass when it does and not before.
fn binds<K: Kind, S: Keeps<K>>(
    limiter: &RateLimiter<K, S, ManualClock>,
    asks: &[Ask<'_, K>],
    hit: &Decisions<Vec<Decision>>,
    state: &str,
) -> TestCaseResult {
    let binding = hit.binding().expect("one of several binds");
    let waits = || hit.as_slice().iter().map(Decision::retry_at);
    prop_assert!(!binding.allowed(), "{binding:?}, {state}");
    let Some(retry_at) = binding.retry_at() else {
        prop_assert!(waits().any(|wait| wait.is_none()), "{}", state);
        return Ok(());
    };
    prop_assert_eq!(waits().max().flatten(), Some(retry_at), "{}", state);
    for (early, passes) in [(1, false), (0, true)] {
        let at = Timestamp::from_micros(retry_at.as_micros() - early);
        limiter.clock().set(at);
        let test = poll_once(limiter.test_all(asks)).expect("it never waits");
        let test = test.expect("a test needs no room");
        prop_assert_eq!(test.allowed(), passes, "at {:?}, {:?}, {}", at, test, state);
    }
    Ok(())
}

/// Hits limits of one caller at an instant, in a storage that decides in turn.
fn in_turn<K: Kind, const N: usize>(
    storage: &MemoryStorage,
    asks: [Ask<'_, K>; N],
    now: Timestamp,
) -> [Decision; N]
where
    MemoryStorage: Keeps<K>,
{
    let mut decisions = asks.map(|ask| Decision::never(ask.hit(now)));
    let hit = acquire_in_turn(storage, &asks, now, &mut decisions);
    let done = poll_once(hit).expect("memory answers at once");
    done.expect("there is room");
    decisions
}

#[test]
fn asks_in_turn_for_the_same_window_are_added_up() {
    let (storage, now) = (MemoryStorage::new(), Timestamp::from_secs(1_000));
    let item = RateLimitItem::per_minute(5);
    let ask = |cost| Ask::new(Fixed, &item, "u", cost);
    let never = in_turn(&storage, [ask(3), ask(3)], now);
    assert!(never[0].allowed() && !never[1].allowed(), "{never:?}");
    assert_eq!(never[1].retry_at(), None, "{never:?}");
    let taken = in_turn(&storage, [ask(3), ask(2)], now);
    assert!(taken.iter().all(Decision::allowed), "{taken:?}");
    let refused = in_turn(&storage, [ask(1), ask(1)], now);
    let end = now.saturating_add(item.get_expiry());
    assert_eq!(refused.map(|decision| decision.retry_at()), [Some(end); 2]);
}

#[test]
fn an_elastic_window_that_refuses_in_turn_moves_its_own_end() {
    let (storage, now) = (MemoryStorage::new(), Timestamp::from_secs(1_000));
    let [few, many] = [1, 9].map(RateLimitItem::per_minute);
    let asks = [&few, &many].map(|item| Ask::new(Elastic, item, "u", 1));
    let period = few.get_expiry();
    assert!(in_turn(&storage, asks, now).iter().all(Decision::allowed));
    let later = Timestamp::from_secs(1_020);
    let refused = in_turn(&storage, asks, later);
    assert_eq!(refused[0].retry_at(), Some(later.saturating_add(period)));
    let stats = asks.map(|ask| poll_once(storage.peek(ask.with_cost(0), later)));
    let ends = stats.map(|stats| stats.and_then(Result::ok).map(|stats| stats.reset_time()));
    let expected = [later, now].map(|at| Some(at.saturating_add(period)));
    assert_eq!(ends, expected);
}
