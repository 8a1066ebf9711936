//! What an answer says: test as hit, retry and reset times to the microsecond.

use core::time::Duration;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use limits_core::{
    FixedWindow, FixedWindowRateLimiter, ManualClock, Micros, RateLimitItem, TableStorage,
    Timestamp, poll_once,
};
use limits_tests::model::Answer;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::game::{Cost, Game, back_and_forth_games, costs, forward_games, rules};
use super::subject::{Rule, Subject, on_every_storage, on_every_strategy};
use super::{cases, play, units};

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_test_says_what_the_hit_then_does(game in back_and_forth_games(2)) {
        on_every_strategy!(test_and_hit_agree(&game));
    }

    #[test]
    fn a_refused_hit_passes_at_its_retry_time_and_at_no_instant_before(
        game in forward_games(),
        share in 0..1_000_u64,
    ) {
        on_every_strategy!(retry_time_is_exact(&game, share, 0));
    }

    /// A question takes note of nothing, so it can't tell what a hit will make of a window
    /// that is too far away.
    #[test]
    fn what_is_refused_after_the_clock_went_back_passes_at_its_retry_time_and_not_before(
        game in back_and_forth_games(1),
        share in 0..1_000_u64,
    ) {
        on_every_strategy!(retry_time_is_exact(&game, share, 1));
    }

    #[test]
    fn the_reset_time_is_never_in_the_past(game in back_and_forth_games(2)) {
        on_every_strategy!(resets_later(&game));
    }

    #[test]
    fn nothing_is_released_before_the_reset_time_and_something_at_it(
        game in forward_games(),
        share in 0..1_000_u64,
    ) {
        on_every_strategy!(reset_time_is_exact(&game, share));
    }

    #[test]
    fn a_fixed_window_is_empty_at_its_reset_time(game in forward_games()) {
        on_every_storage!(Fixed, Elastic: empties_at_its_reset_time(&game));
    }

    #[test]
    fn a_moving_window_releases_its_oldest_units_at_the_reset_time(game in forward_games()) {
        on_every_storage!(Moving: releases_its_oldest_at_the_reset_time(&game));
    }

    #[test]
    fn an_untouched_key_has_the_full_amount_and_resets_now(rule in rules(), now in any::<u64>()) {
        on_every_strategy!(is_full_and_resets_now(rule, now));
    }

    #[test]
    fn a_cleared_key_is_untouched(rule in rules(), cost in costs(), now in any::<u64>()) {
        on_every_strategy!(is_untouched_when_cleared(rule, cost, now));
    }
}

type Table = TableStorage<NoopRawMutex, u8, FixedWindow, 2>;

#[test]
fn a_call_at_an_instant_is_a_call_by_a_clock_that_tells_it() {
    let item = RateLimitItem::per_second(3);
    let by_clock = FixedWindowRateLimiter::with_clock(Table::new(), ManualClock::default());
    let by_argument = FixedWindowRateLimiter::with_clock(Table::new(), ManualClock::default());
    for now in [5, 500_000, 1_000_004, 1_000_005, 3].map(Timestamp::from_micros) {
        by_clock.clock().set(now);
        let hits = (
            by_clock.hit(&item, 1_u8, 2),
            by_argument.hit_at(&item, 1_u8, 2, now),
        );
        assert_eq!(poll_once(hits.0), poll_once(hits.1), "at {now:?}");
        let tests = (
            by_clock.test(&item, 1_u8, 2),
            by_argument.test_at(&item, 1_u8, 2, now),
        );
        assert_eq!(poll_once(tests.0), poll_once(tests.1), "at {now:?}");
    }
}

#[test]
fn the_spans_of_an_answer_end_at_its_instants() {
    let clock = ManualClock::new(Timestamp::from_secs(100));
    let limiter = FixedWindowRateLimiter::with_clock(Table::new(), clock);
    let item = RateLimitItem::per_minute(1);
    let hit = || poll_once(limiter.hit(&item, 1_u8, 1)).expect("memory never waits");
    let first = hit().expect("there is a slot");
    assert_eq!(first.retry_after(), Some(Duration::ZERO), "{first:?}");
    limiter.clock().advance(Micros::from_micros(1_500_000));
    let second = hit().expect("there is a slot");
    let rest = Duration::from_millis(58_500);
    assert_eq!(
        second.now(),
        Timestamp::from_micros(101_500_000),
        "{second:?}"
    );
    assert_eq!(second.retry_after(), Some(rest), "{second:?}");
    assert_eq!(second.reset_after(), rest, "{second:?}");
    assert_eq!(second.stats().reset_after(), rest, "{second:?}");
}

fn test_and_hit_agree<S: Subject>(game: &Game) -> TestCaseResult {
    let subject = S::new(game.rule);
    play(game, subject.rule(), |hit| {
        let test = subject.test(hit.key, hit.cost, hit.now);
        let answer = subject.hit(hit.key, hit.cost, hit.now);
        let taken = if test.allowed { hit.cost } else { 0 };
        let told = (test.allowed, test.remaining - taken);
        prop_assert_eq!(
            told,
            (answer.allowed, answer.remaining),
            "{}: {:?}",
            S::name(),
            hit
        );
        Ok(answer)
    })
}

fn retry_time_is_exact<S: Subject>(game: &Game, share: u64, least: u64) -> TestCaseResult {
    let subject = S::new(game.rule);
    let mut refused = None;
    play(game, subject.rule(), |hit| {
        let answer = subject.hit(0, hit.cost, hit.now);
        let Some(retry_at) = answer.retry_at.filter(|_| hit.cost >= least) else {
            return Ok(answer);
        };
        for now in instants(hit.now, retry_at, share) {
            let early = subject.test(0, hit.cost, now);
            prop_assert!(!early.allowed, "{}: {hit:?} passes at {now}", S::name());
            prop_assert_eq!(
                early.retry_at,
                Some(retry_at),
                "{}: {:?} at {}",
                S::name(),
                hit,
                now
            );
        }
        if !answer.allowed {
            let then = subject.test(0, hit.cost, retry_at);
            prop_assert!(then.allowed, "{}: {hit:?} fails at {retry_at}", S::name());
        }
        refused = (!answer.allowed).then_some((hit.cost, retry_at));
        Ok(answer)
    })?;
    if let Some((cost, retry_at)) = refused {
        let hit = subject.hit(0, cost, retry_at);
        prop_assert!(
            hit.allowed,
            "{}: {cost} units fail at {retry_at}",
            S::name()
        );
    }
    Ok(())
}

fn resets_later<S: Subject>(game: &Game) -> TestCaseResult {
    let subject = S::new(game.rule);
    play(game, subject.rule(), |hit| {
        let answer = subject.hit(hit.key, hit.cost, hit.now);
        prop_assert!(
            answer.reset_time >= hit.now,
            "{}: {hit:?}, {answer:?}",
            S::name()
        );
        Ok(answer)
    })
}

fn reset_time_is_exact<S: Subject>(game: &Game, share: u64) -> TestCaseResult {
    let subject = S::new(game.rule);
    play(game, subject.rule(), |hit| {
        let answer = subject.hit(0, hit.cost, hit.now);
        let Answer {
            remaining,
            reset_time,
            ..
        } = subject.test(0, 0, hit.now);
        for now in instants(hit.now, reset_time, share) {
            let before = subject.test(0, 0, now).remaining;
            prop_assert_eq!(before, remaining, "{}: {:?} at {}", S::name(), hit, now);
        }
        let after = subject.test(0, 0, reset_time).remaining;
        if remaining == subject.rule().amount {
            prop_assert_eq!(reset_time, hit.now, "{}: {:?}", S::name(), hit);
        } else {
            prop_assert!(after > remaining, "{}: {hit:?} at {reset_time}", S::name());
        }
        Ok(answer)
    })
}

fn empties_at_its_reset_time<S: Subject>(game: &Game) -> TestCaseResult {
    let subject = S::new(game.rule);
    play(game, subject.rule(), |hit| {
        let answer = subject.hit(0, hit.cost, hit.now);
        let then = subject.test(0, 0, answer.reset_time);
        if hit.cost <= subject.rule().amount {
            prop_assert_eq!(
                then.remaining,
                subject.rule().amount,
                "{}: {:?}",
                S::name(),
                hit
            );
        }
        Ok(answer)
    })
}

fn releases_its_oldest_at_the_reset_time<S: Subject>(game: &Game) -> TestCaseResult {
    let subject = S::new(game.rule);
    let rule = subject.rule();
    let mut hits = Vec::new();
    play(game, rule, |hit| {
        let answer = subject.hit(0, hit.cost, hit.now);
        hits.push((hit, answer.allowed));
        let releases_later = |release: &u64| *release > hit.now;
        let releases = hits.iter().filter(|(hit, passed)| *passed && hit.cost > 0);
        let mut releases = releases.map(|(hit, _)| hit.now + rule.period());
        if let (Some(next), true) = (releases.find(releases_later), hit.cost <= rule.amount) {
            let oldest = units(&hits, |hit| hit.now + rule.period() == next);
            let after = subject.test(0, 0, next).remaining;
            prop_assert_eq!(answer.reset_time, next, "{}: {:?}", S::name(), hit);
            let released = u128::from(after - answer.remaining);
            prop_assert_eq!(released, oldest, "{}: {:?}", S::name(), hit);
        }
        Ok(answer)
    })
}

fn is_full_and_resets_now<S: Subject>(rule: Rule, now: u64) -> TestCaseResult {
    let subject = S::new(rule);
    let untouched = Answer {
        allowed: true,
        remaining: subject.rule().amount,
        reset_time: now,
        retry_at: Some(now),
    };
    prop_assert_eq!(subject.test(0, 0, now), untouched, "{}", S::name());
    Ok(())
}

fn is_untouched_when_cleared<S: Subject>(rule: Rule, cost: Cost, now: u64) -> TestCaseResult {
    let subject = S::new(rule);
    let _ = subject.hit(0, cost.of(subject.rule().amount), now);
    subject.clear(0);
    prop_assert_eq!(
        subject.test(0, 0, now),
        S::new(rule).test(0, 0, now),
        "{}",
        S::name()
    );
    Ok(())
}

/// Some instants from `now` until before `end`: the first, the last and some between.
fn instants(now: u64, end: u64, share: u64) -> impl Iterator<Item = u64> {
    let span = end - now;
    let offsets = [0, 1, span / 1_000 * share, span / 2, span.saturating_sub(1)];
    let instants = offsets.map(|offset| now + offset);
    instants.into_iter().filter(move |instant| *instant < end)
}
