//! Instants: half-open windows, clocks that go back, and the end of time.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::game::{Game, back_and_forth_games, games};
use super::subject::{Rule, Subject, on_every_storage, on_every_strategy, table};
use super::{Hit, cases, play, units};

const SECOND: u64 = 1_000_000;
const RULE: Rule = Rule {
    amount: 4,
    seconds: 10,
};

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_window_made_at_an_instant_is_over_exactly_one_period_later(now in 0..u64::MAX / 2) {
        on_every_storage!(Fixed, Elastic, Moving: is_over_after_a_period(now));
    }

    #[test]
    fn a_sliding_counter_begins_to_release_exactly_one_period_later(now in 0..u64::MAX / 2) {
        on_every_storage!(Sliding: begins_to_release_after_a_period(now));
    }

    #[test]
    fn a_sliding_counter_starts_anew_exactly_two_periods_later(now in 0..u64::MAX / 2) {
        on_every_storage!(Sliding: starts_anew_after_two_periods(now));
    }

    /// A clock that goes back by a step travels that much more before a window
    /// is over, so the laws hold in the time travelled: that is the step's worth.
    #[test]
    fn a_clock_that_goes_back_admits_no_more_than_the_step_allows(
        game in back_and_forth_games(4),
    ) {
        on_every_storage!(
            Fixed, Elastic, Sliding, Gcra: bounded_in_the_time_travelled(&game, 2)
        );
        on_every_storage!(Moving: bounded_in_the_time_travelled(&game, 1));
        bounded_in_the_time_travelled::<table::Airtime<8>>(&game, 1)?;
    }

    #[test]
    fn rooms_given_away_while_the_clock_was_ahead_admit_no_more_than_the_step_allows(
        game in back_and_forth_games(4),
    ) {
        on_every_storage!(
            Fixed, Elastic, Sliding, Gcra: bounded_in_the_time_travelled::<2>(&game, 2)
        );
        on_every_storage!(Moving: bounded_in_the_time_travelled::<2>(&game, 1));
        bounded_in_the_time_travelled::<table::Airtime<2>>(&game, 1)?;
    }

    #[test]
    fn the_end_of_time_lets_no_reset_time_into_the_past(game in games(2), at_the_end: bool) {
        let start = if at_the_end { u64::MAX } else { game.start };
        let game = Game { start, ..game };
        on_every_strategy!(stays_sound(&game));
    }

    #[test]
    fn until_the_end_of_time_no_period_admits_more_than_twice_the_amount(
        steps in 1..40_u64,
        seconds in 1..20_u64,
    ) {
        let rule = Rule { amount: 3, seconds };
        on_every_strategy!(is_bounded_until_the_end(rule, steps));
    }
}

/// A minute's limit that was hit an hour ahead refused for an hour and a minute.
#[test]
fn k6_a_clock_that_went_back_closes_a_limit_for_one_period() -> TestCaseResult {
    on_every_storage!(Fixed, Elastic, Moving: reopens_after(1));
    // A whole bucket's length more, since the last bucket may just be open.
    reopens_after::<table::Airtime<8>>(2)
}

/// The window after counts too; and a bucket is not refilled in the time that it was
/// refilled in before, up to a period.
#[test]
fn k6_a_clock_that_went_back_closes_a_counter_or_a_bucket_for_two_periods() -> TestCaseResult {
    on_every_storage!(Sliding, Gcra: reopens_after(2));
    Ok(())
}

/// Takes all ahead of time and, after the clock went back, checks that so many periods
/// later all can be taken again, and that every answer until then says when.
fn reopens_after<S: Subject>(periods: u64) -> TestCaseResult {
    let now = 10_000 * SECOND;
    for step in [
        1,
        RULE.period() / 2,
        RULE.period(),
        RULE.period() + 1,
        3_600 * SECOND,
    ] {
        let subject = S::new(RULE);
        let _ = subject.hit(0, RULE.amount, now + step);
        let test = subject.test(0, RULE.amount, now);
        let hit = subject.hit(0, RULE.amount, now);
        prop_assert_eq!(test, hit, "{} {} back", S::name(), step);
        prop_assert!(!hit.allowed, "{} {step} back: {hit:?}", S::name());
        let latest = now + periods * RULE.period();
        let retry_at = hit.retry_at.expect("the amount passes at some time");
        prop_assert!(retry_at <= latest, "{} {step} back: {hit:?}", S::name());
        prop_assert!(!subject.test(0, RULE.amount, retry_at - 1).allowed);
        prop_assert!(subject.test(0, RULE.amount, retry_at).allowed);
    }
    Ok(())
}

#[test]
fn a_window_is_shortened_by_as_much_as_the_clock_went_back_and_no_more() -> TestCaseResult {
    on_every_storage!(Fixed, Elastic, Moving: is_shortened_by_the_step());
    Ok(())
}

fn is_shortened_by_the_step<S: Subject>() -> TestCaseResult {
    let subject = S::new(RULE);
    let _ = subject.hit(0, 3, 100 * SECOND);
    let back = subject.hit(0, 1, 97 * SECOND);
    prop_assert_eq!((back.remaining, back.reset_time), (0, 107 * SECOND));
    prop_assert!(!subject.test(0, 1, 107 * SECOND - 1).allowed);
    prop_assert!(subject.test(0, 4, 107 * SECOND).allowed);
    Ok(())
}

/// What was taken before the step stays taken for a period from the next hit on, not more.
#[test]
fn a_test_alone_changes_no_window_when_the_clock_went_back() -> TestCaseResult {
    fn check<S: Subject>() -> TestCaseResult {
        let subject = S::new(RULE);
        let hit = subject.hit(0, 3, 100 * SECOND);
        let _ = subject.test(0, 1, 50 * SECOND);
        let _ = subject.stats(0, 50 * SECOND);
        let ahead = subject.test(0, 0, 100 * SECOND);
        prop_assert_eq!(ahead.reset_time, hit.reset_time, "{}", S::name());
        Ok(())
    }
    on_every_strategy!(check());
    Ok(())
}

#[test]
fn a_sliding_counter_counts_its_previous_window_at_most_whole() -> TestCaseResult {
    fn check<S: Subject>() -> TestCaseResult {
        let subject = S::new(RULE);
        let _ = subject.hit(0, 2, 100 * SECOND);
        // Half of the second window: one of the two units counts.
        prop_assert_eq!(subject.hit(0, 1, 115 * SECOND).remaining, 2);
        prop_assert_eq!(subject.test(0, 0, 50 * SECOND).remaining, 1);
        Ok(())
    }
    on_every_storage!(Sliding: check());
    Ok(())
}

#[test]
fn a_window_that_was_replaced_while_the_clock_was_ahead_does_not_return() -> TestCaseResult {
    fn check<S: Subject>() -> TestCaseResult {
        let subject = S::new(RULE);
        let _ = subject.hit(0, 4, 100 * SECOND);
        let _ = subject.hit(0, 1, 200 * SECOND);
        let back = subject.test(0, 3, 105 * SECOND);
        prop_assert!(back.allowed, "{}: {back:?} at 105 s", S::name());
        Ok(())
    }
    on_every_strategy!(check());
    Ok(())
}

#[test]
fn a_period_longer_than_time_limits_as_any_other() -> TestCaseResult {
    fn check<S: Subject>(years: u64) -> TestCaseResult {
        let subject = S::new(Rule {
            amount: 1,
            seconds: years * 31_104_000,
        });
        let _ = subject.hit(0, 1, SECOND);
        let again = subject.hit(0, 1, 2 * SECOND);
        prop_assert!(!again.allowed, "{}: {again:?} at 2 s", S::name());
        Ok(())
    }
    for years in [200_000, 400_000, 4_294_967_295] {
        on_every_strategy!(check(years));
    }
    Ok(())
}

fn is_over_after_a_period<S: Subject>(now: u64) -> TestCaseResult {
    let subject = S::new(RULE);
    let _ = subject.hit(0, RULE.amount, now);
    let end = now + RULE.period();
    let before = subject.test(0, 1, end - 1);
    prop_assert!(!before.allowed, "{}: {before:?} at {}", S::name(), end - 1);
    let after = subject.test(0, RULE.amount, end);
    prop_assert!(after.allowed, "{}: {after:?} at {end}", S::name());
    Ok(())
}

fn begins_to_release_after_a_period<S: Subject>(now: u64) -> TestCaseResult {
    let subject = S::new(RULE);
    let _ = subject.hit(0, RULE.amount, now);
    let end = now + RULE.period();
    let at_end = subject.test(0, 1, end);
    prop_assert_eq!(at_end.remaining, 0, "{}: at {}", S::name(), end);
    let after = subject.test(0, 1, end + 1);
    prop_assert_eq!(after.remaining, 1, "{}: at {}", S::name(), end + 1);
    Ok(())
}

fn starts_anew_after_two_periods<S: Subject>(now: u64) -> TestCaseResult {
    let subject = S::new(RULE);
    let _ = subject.hit(0, 1, now);
    let end = now + 2 * RULE.period();
    let before = subject.hit(0, RULE.amount, end - 1);
    // The second window still counts whole at its end, one microsecond from now.
    prop_assert_eq!(before.reset_time, end + 1, "{}: at {}", S::name(), end - 1);
    subject.clear(0);
    let _ = subject.hit(0, 1, now);
    let anew = subject.hit(0, RULE.amount, end);
    let reset_time = end + RULE.period() + 1;
    prop_assert_eq!(anew.reset_time, reset_time, "{}: at {}", S::name(), end);
    Ok(())
}

/// Checks that no interval of one period of the time travelled admits more than
/// so many times the amount of one key.
fn bounded_in_the_time_travelled<S: Subject>(game: &Game, times: u128) -> TestCaseResult {
    let subject = S::new(game.rule);
    let rule = subject.rule();
    let mut hits = Vec::new();
    play(game, rule, |hit| {
        // A full storage refuses the key, and a test says how it stands.
        let answer = subject.try_hit(hit.key, hit.cost, hit.now);
        hits.push((hit, answer.is_some_and(|answer| answer.allowed)));
        Ok(answer.unwrap_or_else(|| subject.test(hit.key, hit.cost, hit.now)))
    })?;
    for (first, _) in &hits {
        let end = first.travelled + u128::from(rule.period());
        let interval =
            |hit: &Hit| hit.key == first.key && (first.travelled..end).contains(&hit.travelled);
        let admitted = units(&hits, interval);
        let most = times * u128::from(rule.amount);
        prop_assert!(
            admitted <= most,
            "{}: {admitted} since {first:?}",
            S::name()
        );
    }
    Ok(())
}

fn stays_sound<S: Subject>(game: &Game) -> TestCaseResult {
    let subject = S::new(game.rule);
    play(game, subject.rule(), |hit| {
        let answer = subject.hit(hit.key, hit.cost, hit.now);
        let stats = subject.stats(hit.key, hit.now);
        let state = format!("{}: {hit:?}, {answer:?}, {stats:?}", S::name());
        prop_assert!(answer.reset_time >= hit.now, "{state}");
        prop_assert!(stats.reset_time.as_micros() >= hit.now, "{state}");
        prop_assert!(
            answer.retry_at.is_none_or(|retry_at| retry_at >= hit.now),
            "{state}"
        );
        prop_assert!(answer.remaining <= subject.rule().amount, "{state}");
        Ok(answer)
    })
}

/// Hits in equal steps over the last two periods of time, the last instant left out.
fn is_bounded_until_the_end<S: Subject>(rule: Rule, steps: u64) -> TestCaseResult {
    let subject = S::new(rule);
    let start = u64::MAX - 2 * rule.period();
    let instants = || (0..steps).map(|step| start + 2 * rule.period() / steps * step);
    let passed: Vec<u64> = instants()
        .filter(|now| subject.hit(0, 1, *now).allowed)
        .collect();
    for first in instants() {
        let interval = |now: &&u64| **now >= first && **now - first < rule.period();
        let admitted = passed.iter().filter(interval).count();
        prop_assert!(
            admitted <= 6,
            "{}: {admitted} since {first}, {passed:?}",
            S::name()
        );
    }
    Ok(())
}
