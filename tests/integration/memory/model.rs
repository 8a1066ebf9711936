//! Long games of many keys and of long logs against the naive model.

use core::ops::Range;
use std::collections::HashMap;

use limits::MemoryStorage;
use limits_core::window::{Elastic, Fixed, Gcra, Kind, Moving, SlidingCounter};
use limits_core::{Clock as _, Decision, Keeps, Micros, RateLimitItem, Timestamp};
use limits_tests::model::{self, Answer, Model};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy as Values, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseResult};

use super::{done, limiter};

/// A hit or a clear of a numbered key, some time after the one before.
#[derive(Clone, Copy, Debug)]
struct Step {
    wait: Micros,
    key: u16,
    cost: Option<u64>,
}

/// So many steps on so many keys, each less than a thirtieth of a second after
/// the one before but for a few.
fn steps(steps: Range<usize>, keys: u16, costs: Range<u64>) -> impl Values<Value = Vec<Step>> {
    let waits = prop_oneof![60 => 0..33_333_u64, 1 => 0..3_000_000_u64];
    let costs = prop_oneof![20 => costs.prop_map(Some), 1 => Just(None)];
    let step = (waits, 0..keys, costs).prop_map(|(wait, key, cost)| Step {
        wait: Micros::from_micros(wait),
        key,
        cost,
    });
    vec(step, steps)
}

fn cases(cases: u32) -> Config {
    let kept = FileFailurePersistence::Direct("regressions/memory.txt");
    Config {
        cases,
        failure_persistence: Some(Box::new(kept)),
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn every_answer_of_a_long_game_of_many_keys_is_the_models(steps in steps(500..1_500, 100, 0..4)) {
        plays_as_the_models(3, &steps)?;
    }

    #[test]
    fn every_answer_of_a_game_of_long_logs_is_the_models(steps in steps(100..500, 2, 0..30)) {
        plays_as_the_models(200, &steps)?;
    }
}

fn plays_as_the_models(amount: u64, steps: &[Step]) -> TestCaseResult {
    plays_as::<Fixed, model::Fixed>(amount, steps)?;
    plays_as::<Elastic, model::Elastic>(amount, steps)?;
    plays_as::<Moving, model::Moving>(amount, steps)?;
    plays_as::<SlidingCounter, model::Sliding>(amount, steps)?;
    plays_as::<Gcra, model::Gcra>(amount, steps)
}

/// Plays on one table and on many.
fn plays_as<W, M>(amount: u64, steps: &[Step]) -> TestCaseResult
where
    W: Kind + Default,
    MemoryStorage: Keeps<W>,
    M: Model,
{
    for storage in [MemoryStorage::with_max_keys(1_024), MemoryStorage::new()] {
        let limiter = limiter::<W, _>(storage);
        let item = RateLimitItem::per_second(amount);
        let fresh = M::new(amount, 1_000_000);
        let mut models = HashMap::new();
        for step in steps {
            limiter.clock().advance(step.wait);
            let now = limiter.clock().now().as_micros();
            let id = format!("user-{}", step.key);
            let Some(cost) = step.cost else {
                done(limiter.clear(&item, &id)).expect("a clear needs no room");
                models.remove(&step.key);
                continue;
            };
            let model = models.entry(step.key).or_insert_with(|| fresh.clone());
            let before = model.clone();
            let hit = done(limiter.hit(&item, &id, cost)).expect("there is room");
            let expected = model.hit(cost, now);
            prop_assert_eq!(
                answer(hit),
                expected,
                "{:?} at {} of {:?}",
                step,
                now,
                before
            );
        }
    }
    Ok(())
}

fn answer(decision: Decision) -> Answer {
    Answer {
        allowed: decision.allowed(),
        remaining: decision.remaining(),
        reset_time: decision.reset_time().as_micros(),
        retry_at: decision.retry_at().map(Timestamp::as_micros),
    }
}
