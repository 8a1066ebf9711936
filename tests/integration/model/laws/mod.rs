//! One property for each law, named as a sentence, and what they play with.
//!
//! They take the laws to many examples on the storages in memory, whose clock they set;
//! the conformance suite takes them to every storage, with a few.

mod admission;
mod answers;
mod arithmetic;
mod clock;
mod consumption;
pub(crate) mod game;
pub(crate) mod memory;
mod settling;
pub(crate) mod subject;
mod together;

use limits_tests::model::Answer;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestCaseResult};

use game::{Game, Step, Travel};
use subject::{Rule, Subject};

/// So many cases; what fails is kept in `tests/regressions`.
pub(crate) fn cases(cases: u32) -> Config {
    let kept = FileFailurePersistence::Direct("regressions/model.txt");
    Config {
        cases,
        failure_persistence: Some(Box::new(kept)),
        ..Config::default()
    }
}

/// A hit of a game.
#[derive(Clone, Copy, Debug)]
struct Hit {
    key: u16,
    cost: u64,
    now: u64,
    /// How far the clock went forward before it, in all.
    travelled: u128,
}

/// Plays a game by its clock and its hits; `hit` makes each of them.
fn play(
    game: &Game,
    rule: Rule,
    mut hit: impl FnMut(Hit) -> Result<Answer, TestCaseError>,
) -> TestCaseResult {
    let mut clock = Travel::from(game.start);
    let mut last = None;
    for step in &game.steps {
        match *step {
            Step::Clock(step) => clock.go(step, rule.period(), last),
            Step::Hit(key, cost) => {
                let Travel { now, travelled } = clock;
                let cost = cost.of(rule.amount);
                let hit = hit(Hit {
                    key,
                    cost,
                    now,
                    travelled,
                })?;
                last = Some(hit);
            }
            Step::Test(..) | Step::Stats(_) | Step::Clear(_) => {}
        }
    }
    Ok(())
}

/// Makes the hits of a game and tells which passed.
fn hits<S: Subject>(game: &Game) -> Result<(Rule, Vec<(Hit, bool)>), TestCaseError> {
    let subject = S::new(game.rule);
    let mut hits = Vec::new();
    play(game, subject.rule(), |hit| {
        let answer = subject.hit(hit.key, hit.cost, hit.now);
        hits.push((hit, answer.allowed));
        Ok(answer)
    })?;
    Ok((subject.rule(), hits))
}

/// The units that the hits among `hits` that passed and satisfy `counts` took.
fn units(hits: &[(Hit, bool)], counts: impl Fn(&Hit) -> bool) -> u128 {
    let taken = hits.iter().filter(|(hit, passed)| *passed && counts(hit));
    taken.map(|(hit, _)| u128::from(hit.cost)).sum()
}
