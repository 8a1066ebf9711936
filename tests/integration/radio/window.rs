//! The window against exact logs of what passed: never too much, and not much too little.

use limits_core::window::{Decide, Hit, MovingUsage, Window};
use limits_core::{AirtimeWindow, Limit, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::games::{Game, forward_games, games};
use super::{Sent, cases, most_within};

/// Checks a property of windows of 1, 2, 16 and 64 buckets.
macro_rules! of_every_size {
    ($property:ident($game:expr)) => {{
        $property::<1>($game)?;
        $property::<2>($game)?;
        $property::<16>($game)?;
        $property::<64>($game)?;
    }};
}

proptest! {
    #![proptest_config(cases(400))]

    /// In the time travelled: a clock that goes back travels it again.
    #[test]
    fn no_interval_of_a_period_holds_more_than_the_amount(game in games()) {
        of_every_size!(holds_no_more_than_the_amount(&game));
    }

    #[test]
    fn a_unit_counts_for_a_period_and_for_a_bucket_more_at_most(game in forward_games()) {
        of_every_size!(counts_about_a_period(&game));
    }

    #[test]
    fn a_hit_does_what_a_test_said_and_a_refused_one_changes_nothing(game in games()) {
        of_every_size!(refused_changes_nothing(&game));
    }

    #[test]
    fn a_refused_hit_passes_at_its_retry_time_and_at_no_instant_before(game in games()) {
        of_every_size!(retry_time_is_exact(&game));
    }

    #[test]
    fn the_reset_time_is_the_first_instant_at_which_units_are_released(game in games()) {
        of_every_size!(reset_time_is_exact(&game));
    }

    #[test]
    fn a_window_is_empty_when_it_expires_and_not_before(game in games()) {
        of_every_size!(is_empty_when_it_expires(&game));
    }
}

/// A hit that has been made, and the window before and after it.
struct Made<'a, const B: usize> {
    now: u64,
    travelled: u128,
    cost: u64,
    allowed: bool,
    usage: MovingUsage,
    before: &'a AirtimeWindow<B>,
    after: &'a AirtimeWindow<B>,
}

/// Plays a game, with costs of no more than the amount as limiters make them.
fn play<const B: usize>(
    game: &Game,
    mut check: impl FnMut(Made<'_, B>) -> TestCaseResult,
) -> TestCaseResult {
    let mut window = AirtimeWindow::<B>::EMPTY;
    let (mut now, mut travelled, mut retry_at) = (game.start.min(u64::MAX - 1), 0, 0);
    for (step, cost) in &game.steps {
        let next = step.of(game, now, retry_at);
        travelled += u128::from(next.saturating_sub(now));
        now = next;
        let cost = cost % (game.limit.amount() + 1);
        let before = window.clone();
        let (allowed, usage) =
            window.acquire(Hit::new(game.limit, cost, Timestamp::from_micros(now)));
        retry_at = usage.retry_at.as_micros();
        check(Made {
            now,
            travelled,
            cost,
            allowed,
            usage,
            before: &before,
            after: &window,
        })?;
    }
    Ok(())
}

fn used<const B: usize>(window: &AirtimeWindow<B>, limit: Limit, now: u64) -> u64 {
    window
        .peek(Hit::new(limit, 0, Timestamp::from_micros(now)))
        .used
}

fn holds_no_more_than_the_amount<const B: usize>(game: &Game) -> TestCaseResult {
    let mut sent = Vec::new();
    play::<B>(game, |hit| {
        if hit.allowed {
            let (at, units) = (hit.travelled, hit.cost);
            sent.push(Sent {
                from: at,
                to: at,
                units,
            });
        }
        Ok(())
    })?;
    let most = most_within(game.limit.period().as_micros(), &sent);
    prop_assert!(
        most <= game.limit.amount().into(),
        "{B} buckets: {most} in {sent:?}"
    );
    Ok(())
}

/// Bounds each answer by two exact logs: one in which a unit counts for exactly
/// a period, and one in which it counts for a bucket and `B` microseconds more.
fn counts_about_a_period<const B: usize>(game: &Game) -> TestCaseResult {
    let buckets = u64::try_from(B)?;
    let period = game.limit.period().as_micros();
    let longest = period
        .saturating_add(period.div_ceil(buckets))
        .saturating_add(buckets);
    let mut taken: Vec<(u64, u64)> = Vec::new();
    play::<B>(game, |hit| {
        let within = |span: u64| {
            let young = taken.iter().filter(|(at, _)| hit.now - at < span);
            young.map(|(_, units)| u128::from(*units)).sum::<u128>()
        };
        let at = format!("{B} buckets: {} at {} after {taken:?}", hit.cost, hit.now);
        let used = u128::from(used(hit.before, game.limit, hit.now));
        prop_assert!(
            (within(period)..=within(longest)).contains(&used),
            "{used} used, {at}"
        );
        let fits = within(longest) + u128::from(hit.cost) <= game.limit.amount().into();
        prop_assert!(hit.allowed || !fits, "refused: {at}");
        if hit.allowed {
            taken.push((hit.now, hit.cost));
        }
        Ok(())
    })
}

fn refused_changes_nothing<const B: usize>(game: &Game) -> TestCaseResult {
    play::<B>(game, |hit| {
        let at = format!("{B} buckets: {} at {}, {:?}", hit.cost, hit.now, hit.before);
        let now = Timestamp::from_micros(hit.now);
        let test = hit.before.peek(Hit::new(game.limit, hit.cost, now));
        let fits = test.used.saturating_add(hit.cost) <= game.limit.amount();
        prop_assert_eq!(fits, hit.allowed, "{}", at);
        let taken = if hit.allowed { hit.cost } else { 0 };
        prop_assert_eq!(test.used + taken, hit.usage.used, "{}", at);
        if taken == 0 {
            // But for the end that a clock left which has gone back since.
            let before = if hit.cost > 0 {
                brought_forward(hit.before, game.limit, now)
            } else {
                hit.before.clone()
            };
            let states = [&before, hit.after].map(|window| format!("{window:?}"));
            prop_assert_eq!(&states[0], &states[1], "{}", at);
        }
        let impossible = game.limit.amount() + 1;
        let (passed, _) = hit
            .after
            .clone()
            .acquire(Hit::new(game.limit, impossible, now));
        prop_assert!(!passed, "{impossible} pass, {at}");
        Ok(())
    })
}

fn retry_time_is_exact<const B: usize>(game: &Game) -> TestCaseResult {
    play::<B>(game, |hit| {
        let retry_at = hit.usage.retry_at.as_micros();
        prop_assert!(
            retry_at >= hit.now,
            "{B} buckets: {retry_at} is before {}",
            hit.now
        );
        if hit.allowed {
            prop_assert_eq!(retry_at, hit.now);
            return Ok(());
        }
        let passes = |at| {
            let mut then = hit.after.clone();
            then.acquire(Hit::new(game.limit, hit.cost, Timestamp::from_micros(at)))
                .0
        };
        let at = format!(
            "{B} buckets: {} since {}, {:?}",
            hit.cost, hit.now, hit.after
        );
        for early in instants::<B>(game.limit, hit.now, retry_at) {
            prop_assert!(!passes(early), "passes at {early} before {retry_at}: {at}");
        }
        prop_assert!(
            passes(retry_at),
            "refused at its retry time {retry_at}: {at}"
        );
        Ok(())
    })
}

/// The window as the next hit finds it.
fn brought_forward<const B: usize>(
    window: &AirtimeWindow<B>,
    limit: Limit,
    now: Timestamp,
) -> AirtimeWindow<B> {
    let mut window = window.clone();
    window.bring_forward(limit.period(), now);
    window
}

fn reset_time_is_exact<const B: usize>(game: &Game) -> TestCaseResult {
    play::<B>(game, |hit| {
        let now = Timestamp::from_micros(hit.now);
        let after = &brought_forward(hit.after, game.limit, now);
        let in_use = used(after, game.limit, hit.now);
        let reset_time = hit.usage.reset_time.as_micros();
        let at = format!("{B} buckets: at {}, {:?}", hit.now, hit.after);
        if in_use == 0 {
            prop_assert_eq!(reset_time, hit.now, "{}", at);
            return Ok(());
        }
        prop_assert!(reset_time > hit.now, "{reset_time} is not later: {at}");
        for early in instants::<B>(game.limit, hit.now, reset_time) {
            let used = used(after, game.limit, early);
            prop_assert_eq!(used, in_use, "at {} before {}: {}", early, reset_time, at);
        }
        let then = used(after, game.limit, reset_time);
        prop_assert!(
            then < in_use,
            "{then} of {in_use} used at {reset_time}: {at}"
        );
        Ok(())
    })
}

fn is_empty_when_it_expires<const B: usize>(game: &Game) -> TestCaseResult {
    play::<B>(game, |hit| {
        let end = hit.after.expires_at().as_micros();
        let at = format!("{B} buckets: {end}, {:?}", hit.after);
        for later in [end, end.saturating_add(1), end.saturating_add(1 << 40)] {
            for cost in [0, 1, hit.cost, game.limit.amount()] {
                let later = Timestamp::from_micros(later);
                let usages = [hit.after, &AirtimeWindow::EMPTY]
                    .map(|window| window.peek(Hit::new(game.limit, cost, later)));
                prop_assert_eq!(usages[0], usages[1], "{} at {:?}: {}", cost, later, at);
            }
        }
        if hit.allowed && hit.cost > 0 {
            let before = used(hit.after, game.limit, end - 1);
            prop_assert!(before > 0, "nothing left just before {at}");
        }
        Ok(())
    })
}

/// Some instants from `now` until before `end`: its neighbours and every bucket later.
fn instants<const B: usize>(limit: Limit, now: u64, end: u64) -> Vec<u64> {
    let span = end - now;
    let bucket = limit.period().as_micros() / B as u64;
    let edges = (0..=B as u64).map(|number| bucket.saturating_mul(number));
    let offsets = edges.chain([1, span / 2, span.saturating_sub(1)]);
    let instants = offsets.map(|offset| now.saturating_add(offset));
    instants.filter(|instant| *instant < end).collect()
}
