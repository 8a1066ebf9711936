//! What a hit took is settled: as if it had cost what was used, and nothing else changes.

use limits_tests::model::{Gcra, Model};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::cases;
use super::subject::{Held, Rule, Settles, server, table};

/// As many units as a log of the tables has room for.
const ROOM: u128 = 16;

#[derive(Clone, Copy, Debug)]
enum Step {
    Hit(u64),
    /// Settles one of the hits that were admitted by so many units.
    Settle(usize, u64),
    /// Lets so many thousandths of the period pass, and some microseconds.
    Wait(u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![
        2 => Just((0, 0)),
        2 => (Just(0), 0..3_u64),
        6 => (0..400_u64, 0..2_u64),
        1 => (900..2_200_u64, 0..2_u64),
    ];
    let step = prop_oneof![
        4 => (1..6_u64).prop_map(Step::Hit),
        4 => (any::<usize>(), 0..7_u64).prop_map(|(hit, used)| Step::Settle(hit, used)),
        4 => wait.prop_map(|(thousandths, micros)| Step::Wait(thousandths, micros)),
    ];
    vec(step, 1..60)
}

fn rules() -> impl Strategy<Value = Rule> {
    let amount = prop_oneof![1..=12_u64, Just(7)];
    (amount, 1..4_u64).prop_map(|(amount, seconds)| Rule { amount, seconds })
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn a_settled_hit_is_as_if_it_had_cost_what_was_used(rule in rules(), steps in steps()) {
        is_as_if::<table::Fixed<2>>(rule, &steps)?;
        is_as_if::<server::Fixed<2>>(rule, &steps)?;
        is_as_if::<table::Elastic<2>>(rule, &steps)?;
        is_as_if::<server::Elastic<2>>(rule, &steps)?;
        is_as_if::<table::Moving<2>>(rule, &steps)?;
        is_as_if::<server::Moving<2>>(rule, &steps)?;
        is_as_if::<table::Sliding<2>>(rule, &steps)?;
        is_as_if::<server::Sliding<2>>(rule, &steps)?;
        is_as_if::<table::Airtime<2>>(rule, &steps)?;
    }

    #[test]
    fn a_bucket_gets_back_no_more_than_if_the_hit_had_cost_what_was_used(
        rule in rules(),
        steps in steps(),
    ) {
        gets_back_what_it_may::<table::Gcra<2>>(rule, &steps)?;
        gets_back_what_it_may::<server::Gcra<2>>(rule, &steps)?;
    }
}

/// A hit that was admitted and not settled yet.
struct Open<C> {
    held: Held,
    charge: C,
    cost: u64,
}

fn is_as_if<S: Settles>(rule: Rule, steps: &[Step]) -> TestCaseResult {
    let subject = S::new(rule);
    let (rule, mut model) = (subject.rule(), subject.model());
    let (mut now, mut open) = (1_000_000_000, Vec::new());
    for (number, step) in steps.iter().enumerate() {
        let state = format!(
            "{}: step {number}, {step:?} at {now} of {model:?}",
            S::name()
        );
        match *step {
            Step::Wait(thousandths, micros) => now += rule.period() / 1_000 * thousandths + micros,
            Step::Hit(cost) => {
                let (answer, held) = subject.charge(cost, now);
                let (expected, charge) = model.charge(cost, now);
                prop_assert_eq!(answer, expected, "{}", state);
                prop_assert_eq!(held.is_some(), charge.is_some(), "{}", state);
                if let (Some(held), Some(charge)) = (held, charge) {
                    open.push(Open { held, charge, cost });
                }
            }
            Step::Settle(hit, used) if !open.is_empty() => {
                let Open { held, charge, cost } = open.swap_remove(hit % open.len());
                // A log keeps no more than it has room for.
                let more = u128::from(used.saturating_sub(cost));
                let used = if model.used(now) + more > ROOM {
                    cost
                } else {
                    used
                };
                let settled = subject.settle(held, used, now);
                let told = (settled.given_back, settled.taken);
                let is_running = model.settle(charge, used, now);
                let expected = if is_running {
                    (cost.saturating_sub(used), used.saturating_sub(cost))
                } else {
                    (0, 0)
                };
                prop_assert_eq!(told, expected, "{}", state);
            }
            Step::Settle(..) => {}
        }
        prop_assert_eq!(
            subject.test(0, 1, now),
            model.test(1, now),
            "then {}",
            state
        );
        prop_assert_eq!(
            subject.test(0, 0, now),
            model.test(0, now),
            "then {}",
            state
        );
    }
    Ok(())
}

/// The bucket as if every hit that was settled had cost what was used.
fn as_if(rule: Rule, hits: &[(u64, u64)]) -> Gcra {
    let mut bucket = Gcra::new(rule.amount, rule.period());
    for (cost, at) in hits {
        bucket.take(*cost, *at);
    }
    bucket
}

/// What of a hit was refilled can't be given back. So the bucket is never fuller than as if
/// the hit had cost what was used; it is as full as that if nobody else came since; and all
/// that was not used comes back as long as nothing was refilled.
fn gets_back_what_it_may<S: Settles>(rule: Rule, steps: &[Step]) -> TestCaseResult {
    let subject = S::new(rule);
    let rule = subject.rule();
    let mut hits: Vec<(u64, u64)> = Vec::new();
    let (mut now, mut open) = (1_000_000_000, Vec::new());
    for (number, step) in steps.iter().enumerate() {
        let state = format!(
            "{}: step {number}, {step:?} at {now} of {hits:?}",
            S::name()
        );
        match *step {
            Step::Wait(thousandths, micros) => now += rule.period() / 1_000 * thousandths + micros,
            Step::Hit(cost) => {
                let (answer, held) = subject.charge(cost, now);
                prop_assert_eq!(answer.allowed && cost > 0, held.is_some(), "{}", state);
                if let Some(held) = held {
                    hits.push((cost, now));
                    open.push((held, hits.len() - 1));
                }
            }
            Step::Settle(hit, used) if !open.is_empty() => {
                let (held, place) = open.swap_remove(hit % open.len());
                let (cost, taken_at) = hits[place];
                let used = used.min(cost);
                let before = subject.test(0, 0, now).remaining;
                let settled = subject.settle(held, used, now);
                hits[place].0 = used;
                let after = subject.test(0, 0, now).remaining;
                prop_assert!(settled.given_back <= cost - used, "{settled:?}, {state}");
                prop_assert_eq!(settled.taken, 0, "{}", state);
                prop_assert!(
                    after <= before + settled.given_back,
                    "{before} to {after} left by {settled:?}, {state}"
                );
                if taken_at == now {
                    prop_assert_eq!(settled.given_back, cost - used, "{}", state);
                    prop_assert_eq!(after, before + cost - used, "{}", state);
                }
            }
            Step::Settle(..) => {}
        }
        let fullest = as_if(rule, &hits);
        let [actual, most] = [subject.test(0, 0, now), fullest.test(0, now)];
        prop_assert!(
            actual.remaining <= most.remaining,
            "{actual:?}, {most:?}, then {state}"
        );
        // The next unit is not there any sooner either.
        if actual.remaining == most.remaining && actual.remaining < rule.amount {
            prop_assert!(actual.reset_time >= most.reset_time, "then {state}");
        }
    }
    Ok(())
}

#[test]
fn a_bucket_is_as_full_as_if_the_hit_had_been_smaller_if_nobody_came_since() -> TestCaseResult {
    fn check<S: Settles>() -> TestCaseResult {
        let rule = Rule {
            amount: 10,
            seconds: 10,
        };
        for wait in [0, 1, 1_000_000, 2_500_000, 3_000_001, 5_999_999, 6_000_000] {
            let (settled, straight) = (S::new(rule), S::new(rule));
            for subject in [&settled, &straight] {
                let _ = subject.charge(3, 0);
            }
            let (_, held) = settled.charge(6, 500_000);
            let _ = straight.charge(2, 500_000);
            let now = 500_000 + wait;
            let _ = settled.settle(held.expect("9 of 10 fit"), 2, now);
            for later in (0..10_000_000).step_by(499_999) {
                let answers = [&settled, &straight].map(|subject| subject.test(0, 0, now + later));
                prop_assert_eq!(answers[0], answers[1], "{} after {}", S::name(), wait);
            }
        }
        Ok(())
    }
    check::<table::Gcra<2>>()?;
    check::<server::Gcra<2>>()
}
