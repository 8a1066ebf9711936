//! What a hit takes: a refused one nothing, an impossible one nothing, a question nothing.

use limits_tests::model::{Answer, Model};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use super::game::{Game, back_and_forth_games, forward_games};
use super::subject::{Subject, on_every_storage, on_every_strategy, table};
use super::{Hit, cases, play};

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_refused_hit_changes_no_later_answer(game in forward_games()) {
        on_every_storage!(
            Fixed, Moving, Sliding, Gcra: same_without(&game, |_, answer| !answer.allowed)
        );
        same_without::<table::Airtime<8>>(&game, |_, answer| !answer.allowed)?;
    }

    #[test]
    fn a_refused_hit_of_an_elastic_window_only_moves_its_end(game in back_and_forth_games(1)) {
        on_every_storage!(Elastic: only_moves_its_end(&game));
    }

    #[test]
    fn a_cost_above_the_amount_changes_no_later_answer(game in back_and_forth_games(1)) {
        let amount = game.rule.amount;
        on_every_strategy!(same_without(&game, |hit, _| hit.cost > amount));
    }

    #[test]
    fn a_cost_above_the_amount_never_passes(game in back_and_forth_games(1)) {
        on_every_strategy!(refuses_the_impossible(&game));
    }

    #[test]
    fn a_hit_of_cost_0_changes_no_later_answer(game in back_and_forth_games(1)) {
        on_every_strategy!(same_without(&game, |hit, _| hit.cost == 0));
    }

    #[test]
    fn a_hit_of_cost_0_passes_exactly_if_nothing_is_over_the_limit(
        game in back_and_forth_games(1),
    ) {
        on_every_strategy!(passes_questions(&game));
    }
}

/// Plays a game twice, once without the hits that `is_left_out`: every other
/// answer is the same, and a test instead of such a hit is answered as it was.
fn same_without<S: Subject>(
    game: &Game,
    is_left_out: impl Fn(&Hit, &Answer) -> bool,
) -> TestCaseResult {
    let (all, some) = (S::new(game.rule), S::new(game.rule));
    play(game, all.rule(), |hit| {
        let answer = all.hit(hit.key, hit.cost, hit.now);
        let other = if is_left_out(&hit, &answer) {
            some.test(hit.key, hit.cost, hit.now)
        } else {
            some.hit(hit.key, hit.cost, hit.now)
        };
        prop_assert_eq!(answer, other, "{}: {:?}", S::name(), hit);
        Ok(answer)
    })
}

fn only_moves_its_end<S: Subject>(game: &Game) -> TestCaseResult {
    let subject = S::new(game.rule);
    let rule = subject.rule();
    play(game, rule, |hit| {
        let before = subject.test(hit.key, hit.cost, hit.now);
        let answer = subject.hit(hit.key, hit.cost, hit.now);
        if !answer.allowed && hit.cost <= rule.amount {
            let end = hit.now + rule.period();
            let moved = Answer {
                reset_time: end,
                retry_at: Some(end),
                ..before
            };
            prop_assert_eq!(answer, moved, "{}: {:?}", S::name(), hit);
            let after = subject.test(hit.key, hit.cost, hit.now);
            prop_assert_eq!(after, moved, "{}: {:?}", S::name(), hit);
        }
        Ok(answer)
    })
}

fn refuses_the_impossible<S: Subject>(game: &Game) -> TestCaseResult {
    let subject = S::new(game.rule);
    let amount = subject.rule().amount;
    play(game, subject.rule(), |hit| {
        let answer = subject.hit(hit.key, hit.cost, hit.now);
        if hit.cost > amount {
            let never = Answer {
                allowed: false,
                remaining: amount,
                reset_time: hit.now,
                retry_at: None,
            };
            prop_assert_eq!(answer, never, "{}: {:?}", S::name(), hit);
        }
        Ok(answer)
    })
}

fn passes_questions<S: Subject>(game: &Game) -> TestCaseResult {
    let subject = S::new(game.rule);
    let mut model = subject.model();
    play(game, subject.rule(), |hit| {
        let question = subject.hit(hit.key, 0, hit.now);
        let within = model.seen(hit.now).used(hit.now) <= u128::from(model.amount());
        prop_assert_eq!(question.allowed, within, "{}: {:?}", S::name(), hit);
        model.hit(hit.cost, hit.now);
        Ok::<_, TestCaseError>(subject.hit(hit.key, hit.cost, hit.now))
    })
}
