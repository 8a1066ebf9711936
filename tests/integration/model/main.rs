//! The strategies on the storages in memory: against the naive model, and law by law.

mod laws;
mod table;

use limits_tests::model::{Answer, Model};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use laws::game::{Cost, Game, Step, Travel, games};
use laws::memory::Memory;
use laws::subject::{Subject, on_every_strategy};

const KEYS: u16 = 4;

proptest! {
    #![proptest_config(laws::cases(400))]

    #[test]
    fn every_answer_for_one_key_is_the_models(game in games(1)) {
        on_every_strategy!(agrees_with_the_model(&game));
    }

    #[test]
    fn every_answer_for_several_keys_is_the_models(game in games(KEYS)) {
        on_every_strategy!(agrees_with_the_model(&game));
    }

    #[test]
    fn every_answer_of_a_storage_too_small_for_its_keys_is_the_models(game in games(KEYS)) {
        on_every_strategy!(agrees_with_the_model::<2>(&game));
    }
}

fn agrees_with_the_model<S: Subject>(game: &Game) -> TestCaseResult {
    let mut match_up = MatchUp::<S>::new(game);
    for (number, step) in game.steps.iter().enumerate() {
        let now = match_up.clock.now;
        if !match_up.subject.model().is_exact(now) {
            break;
        }
        let before = match_up.memory.clone();
        let Err(seen) = match_up.step(*step) else {
            continue;
        };
        let strategy = S::name();
        prop_assert!(
            false,
            "{strategy}: step {number}, {step:?} at {now} µs: {seen}, but by the model {before:?}"
        );
    }
    Ok(())
}

/// A strategy and what the model knows of its keys.
struct MatchUp<S: Subject> {
    subject: S,
    memory: Memory<S::Model>,
    clock: Travel,
    last: Option<Answer>,
}

impl<S: Subject> MatchUp<S> {
    fn new(game: &Game) -> Self {
        let subject = S::new(game.rule);
        Self {
            memory: Memory::new(&subject.model(), KEYS.into(), S::SLOTS),
            clock: Travel::from(game.start),
            last: None,
            subject,
        }
    }

    /// Makes a step, or tells what was seen that the model does not know.
    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Hit(key, cost) => self.hit(key, cost),
            Step::Test(key, cost) => self.test(key, cost),
            Step::Stats(key) => self.stats(key),
            Step::Clear(key) => {
                self.subject.clear(key);
                self.memory.clear(key);
                Ok(())
            }
            Step::Clock(step) => {
                let period = self.subject.rule().period();
                self.clock.go(step, period, self.last);
                Ok(())
            }
        }
    }

    fn hit(&mut self, key: u16, cost: Cost) -> Result<(), String> {
        let Travel { now, .. } = self.clock;
        let amount = self.subject.rule().amount;
        let cost = cost.of(amount);
        let hit = self.subject.try_hit(key, cost, now);
        let needs_a_slot = (1..=amount).contains(&cost);
        let agrees = match hit {
            None => needs_a_slot && self.memory.may_be_full(key, now),
            Some(_) if needs_a_slot && self.memory.must_be_full(key, now) => false,
            Some(hit) => {
                self.last = Some(hit);
                self.memory.agrees(key, |model| model.hit(cost, now) == hit)
            }
        };
        if needs_a_slot || S::SWEEPS {
            self.memory.write(now);
        }
        if hit.is_none() || S::SWEEPS {
            let longest = self.subject.brings_forward_to();
            self.memory.bring_forward(longest, now);
        }
        agrees.then_some(()).ok_or_else(|| format!("{hit:?}"))
    }

    fn test(&mut self, key: u16, cost: Cost) -> Result<(), String> {
        let Travel { now, .. } = self.clock;
        let cost = cost.of(self.subject.rule().amount);
        let test = self.subject.test(key, cost, now);
        self.last = Some(test);
        let agrees = self
            .memory
            .agrees(key, |model| model.test(cost, now) == test);
        agrees.then_some(()).ok_or_else(|| format!("{test:?}"))
    }

    fn stats(&mut self, key: u16) -> Result<(), String> {
        let Travel { now, .. } = self.clock;
        let stats = self.subject.stats(key, now);
        let told = (stats.remaining, stats.reset_time.as_micros());
        let agrees = self.memory.agrees(key, |model| {
            let test = model.test(0, now);
            told == (test.remaining, test.reset_time)
        });
        let frame = (stats.limit, stats.now.as_micros()) == (self.subject.rule().amount, now);
        (agrees && frame)
            .then_some(())
            .ok_or_else(|| format!("{stats:?}"))
    }
}
