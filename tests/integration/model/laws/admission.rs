//! No over-admission, no loss: what passed is counted again from the whole history.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::game::{Game, forward_games};
use super::subject::{Rule, Subject, on_every_storage, on_every_strategy, table};
use super::{Hit, cases, hits, units};

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_fixed_window_admits_exactly_what_fits_into_it(game in forward_games()) {
        on_every_storage!(Fixed: admits_what_fits_into_the_window(&game));
    }

    #[test]
    fn an_elastic_window_admits_exactly_what_fits_since_the_last_silence(game in forward_games()) {
        on_every_storage!(Elastic: admits_what_fits_since_the_last_silence(&game));
    }

    #[test]
    fn a_moving_window_admits_no_more_than_the_amount_in_any_interval_of_a_period(
        game in forward_games(),
    ) {
        on_every_storage!(Moving: admits_no_more_than_the_amount(&game));
        admits_no_more_than_the_amount::<table::Airtime<8>>(&game)?;
    }

    #[test]
    fn a_moving_window_refuses_only_what_the_last_period_has_no_room_for(game in forward_games()) {
        on_every_storage!(Moving: admits_what_the_last_period_has_room_for(&game));
    }

    #[test]
    fn a_sliding_counter_admits_exactly_what_its_formula_allows(game in forward_games()) {
        on_every_storage!(Sliding: admits_what_the_formula_allows(&game));
    }

    #[test]
    fn a_bucket_admits_the_amount_and_what_was_refilled_since(game in forward_games()) {
        on_every_storage!(Gcra: admits_what_was_refilled(&game));
    }

    #[test]
    fn no_interval_of_a_period_admits_more_than_twice_the_amount(game in forward_games()) {
        on_every_strategy!(admits_no_more_than_twice(&game));
    }

    #[test]
    fn of_enough_hits_within_a_period_exactly_the_amount_passes(
        amount in 0..=16_u64,
        mut instants in vec(0..1_000_000_u64, 40),
    ) {
        instants.sort_unstable();
        on_every_storage!(
            Fixed, Elastic, Moving, Sliding: admits_exactly_the_amount(amount, &instants)
        );
        admits_exactly_the_amount::<table::Airtime<8>>(amount, &instants)?;
    }
}

#[test]
fn an_amount_of_the_largest_number_is_a_limit_too() -> TestCaseResult {
    fn check<S: Subject>() -> TestCaseResult {
        let subject = S::new(Rule {
            amount: u64::MAX,
            seconds: 1,
        });
        let first = subject.hit(0, subject.rule().amount, 0);
        let second = subject.hit(0, 1, 0);
        let passed = (first.allowed, second.allowed);
        prop_assert_eq!(passed, (true, false), "{}: {:?}", S::name(), second);
        Ok(())
    }
    on_every_storage!(Fixed, Elastic, Sliding: check());
    Ok(())
}

fn passes_if_it_fits<S: Subject>(
    rule: Rule,
    used: u128,
    hit: &Hit,
    passed: bool,
) -> TestCaseResult {
    let fits = used + u128::from(hit.cost) <= rule.amount.into();
    let name = S::name();
    prop_assert_eq!(fits, passed, "{}: {:?} after {} units", name, hit, used);
    Ok(())
}

fn admits_what_fits_into_the_window<S: Subject>(game: &Game) -> TestCaseResult {
    let (rule, hits) = hits::<S>(game)?;
    let mut start = None;
    for (index, (hit, passed)) in hits.iter().enumerate() {
        start = start.filter(|start| hit.now < start + rule.period());
        let window = |earlier: &Hit| start.is_some_and(|start| earlier.now >= start);
        let used = units(&hits[..index], window);
        passes_if_it_fits::<S>(rule, used, hit, *passed)?;
        if *passed && hit.cost > 0 {
            start = start.or(Some(hit.now));
        }
    }
    Ok(())
}

fn admits_what_fits_since_the_last_silence<S: Subject>(game: &Game) -> TestCaseResult {
    let (rule, hits) = hits::<S>(game)?;
    let mut silence = 0;
    for (index, (hit, passed)) in hits.iter().enumerate() {
        // A question and an impossible cost are no hits.
        let is_hit = |(hit, _): &&(Hit, bool)| (1..=rule.amount).contains(&hit.cost);
        let last = hits[..index].iter().rfind(is_hit);
        if last.is_none_or(|(last, _)| last.now + rule.period() <= hit.now) {
            silence = index;
        }
        let used = units(&hits[silence..index], |_| true);
        passes_if_it_fits::<S>(rule, used, hit, *passed)?;
    }
    Ok(())
}

fn admits_no_more_than_the_amount<S: Subject>(game: &Game) -> TestCaseResult {
    let (rule, hits) = hits::<S>(game)?;
    for (first, _) in &hits {
        let interval = first.now..first.now + rule.period();
        let admitted = units(&hits, |hit| interval.contains(&hit.now));
        prop_assert!(
            admitted <= rule.amount.into(),
            "{}: {} in {:?}",
            S::name(),
            admitted,
            interval
        );
    }
    Ok(())
}

fn admits_what_the_last_period_has_room_for<S: Subject>(game: &Game) -> TestCaseResult {
    let (rule, hits) = hits::<S>(game)?;
    for (index, (hit, passed)) in hits.iter().enumerate() {
        let used = units(&hits[..index], |earlier| {
            hit.now < earlier.now + rule.period()
        });
        passes_if_it_fits::<S>(rule, used, hit, *passed)?;
    }
    Ok(())
}

fn admits_what_the_formula_allows<S: Subject>(game: &Game) -> TestCaseResult {
    let (rule, hits) = hits::<S>(game)?;
    let period = rule.period();
    let mut start = None;
    for (index, (hit, passed)) in hits.iter().enumerate() {
        let used = |start: u64| {
            let window = hit.now - (hit.now - start) % period;
            let since = |from: u64| units(&hits[..index], |hit| hit.now >= from.max(start));
            let current = since(window);
            let previous = since(window.saturating_sub(period)) - current;
            let time_left = u128::from(window + period - hit.now);
            let used = previous * time_left / u128::from(period) + current;
            (previous + current > 0).then_some(used)
        };
        start = start.filter(|start| used(*start).is_some());
        let used = start.and_then(used).unwrap_or(0);
        passes_if_it_fits::<S>(rule, used, hit, *passed)?;
        if *passed && hit.cost > 0 {
            start = start.or(Some(hit.now));
        }
    }
    Ok(())
}

/// In any interval no more than the amount at its start, and what its length refills; and
/// who is refused would have passed that in one of them.
fn admits_what_was_refilled<S: Subject>(game: &Game) -> TestCaseResult {
    let (rule, hits) = hits::<S>(game)?;
    for (index, (hit, passed)) in hits.iter().enumerate() {
        let most_in_use = |start: u64| {
            let since = units(&hits[..index], |earlier| earlier.now >= start);
            let refilled = u128::from(hit.now - start) * u128::from(rule.amount);
            // In parts of a unit, as many as the period has microseconds.
            (since * u128::from(rule.period())).saturating_sub(refilled)
        };
        let starts = hits[..index].iter().map(|(earlier, _)| earlier.now);
        let missing = starts.map(most_in_use).max().unwrap_or(0);
        let used = missing.div_ceil(u128::from(rule.period()));
        passes_if_it_fits::<S>(rule, used, hit, *passed)?;
    }
    Ok(())
}

fn admits_no_more_than_twice<S: Subject>(game: &Game) -> TestCaseResult {
    let (rule, hits) = hits::<S>(game)?;
    for (first, _) in &hits {
        let interval = first.now..first.now + rule.period();
        let admitted = units(&hits, |hit| interval.contains(&hit.now));
        let most = 2 * u128::from(rule.amount);
        prop_assert!(
            admitted <= most,
            "{}: {admitted} in {interval:?}",
            S::name()
        );
    }
    Ok(())
}

fn admits_exactly_the_amount<S: Subject>(amount: u64, instants: &[u64]) -> TestCaseResult {
    let subject = S::new(Rule { amount, seconds: 1 });
    let passed = instants
        .iter()
        .filter(|now| subject.hit(0, 1, **now).allowed);
    prop_assert_eq!(u64::try_from(passed.count()), Ok(amount), "{}", S::name());
    Ok(())
}
