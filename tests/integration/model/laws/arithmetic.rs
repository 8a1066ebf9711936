//! The windows alone, with periods so short that every step is at an edge.

use limits_core::window::{Increment, MovingUsage, Window};
use limits_core::{
    AirtimeWindow, Decision, FixedLog, FixedWindow, Limit, Micros, MovingWindow, SlidingWindow,
    Timestamp,
};
use limits_tests::model::{self, Model};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::cases;
use super::subject::answer;

/// How far the clock moves, and the cost of the hit it moves to.
type Steps = Vec<(i64, u64)>;

fn steps() -> impl Strategy<Value = Steps> {
    vec((-2..=4_i64, 0..=8_u64), 1..40)
}

fn limits() -> impl Strategy<Value = Limit> {
    let limit = |(amount, period)| Limit::new(amount, Micros::from_micros(period));
    (0..=8_u64, 1..=9_u64).prop_map(limit)
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_fixed_window_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        agrees::<FixedWindow, model::Fixed>(limit, &steps, |window, cost, now| {
            incr(window, limit, cost, now, false)
        })?;
    }

    #[test]
    fn an_elastic_window_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        agrees::<FixedWindow, model::Elastic>(limit, &steps, |window, cost, now| {
            incr(window, limit, cost, now, true)
        })?;
    }

    #[test]
    fn a_moving_window_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        type Log = MovingWindow<FixedLog<8>>;
        agrees::<Log, model::Moving>(limit, &steps, |window, cost, now| {
            let acquired = window.acquire(limit, cost, now);
            let (allowed, usage) = acquired.expect("the log has room for the amount");
            Decision::hit(allowed, limit, cost, now, usage)
        })?;
    }

    #[test]
    fn a_sliding_counter_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        agrees::<SlidingWindow, model::Sliding>(limit, &steps, |window, cost, now| {
            let allowed = window.acquire(limit, cost, now);
            Decision::hit(allowed, limit, cost, now, *window)
        })?;
    }

    #[test]
    fn an_airtime_window_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        airtime_agrees::<AirtimeWindow<1>, 1>(limit, &steps, AirtimeWindow::acquire)?;
        airtime_agrees::<AirtimeWindow<2>, 2>(limit, &steps, AirtimeWindow::acquire)?;
        airtime_agrees::<AirtimeWindow<8>, 8>(limit, &steps, AirtimeWindow::acquire)?;
        airtime_agrees::<AirtimeWindow<64>, 64>(limit, &steps, AirtimeWindow::acquire)?;
    }
}

fn airtime_agrees<W: Window, const B: u64>(
    limit: Limit,
    steps: &Steps,
    acquire: impl Fn(&mut W, Limit, u64, Timestamp) -> (bool, MovingUsage),
) -> TestCaseResult {
    agrees::<W, model::Airtime<B>>(limit, steps, |window, cost, now| {
        let (allowed, usage) = acquire(window, limit, cost, now);
        Decision::hit(allowed, limit, cost, now, usage)
    })
}

fn incr(
    window: &mut FixedWindow,
    limit: Limit,
    cost: u64,
    now: Timestamp,
    elastic_expiry: bool,
) -> Decision {
    let increment = Increment {
        amount: cost,
        expiry: limit.period(),
        elastic_expiry,
        ceiling: Some(limit.amount()),
    };
    let incremented = window.incr(increment, now);
    Decision::hit(incremented.applied, limit, cost, now, incremented.window)
}

fn agrees<W: Window, M: Model>(
    limit: Limit,
    steps: &Steps,
    hit: impl Fn(&mut W, u64, Timestamp) -> Decision,
) -> TestCaseResult {
    let mut window = W::EMPTY;
    let mut model = M::new(limit.amount(), limit.period().as_micros());
    let mut now = 0_u64;
    for (step, cost) in steps {
        now = now.saturating_add_signed(*step);
        // A limiter asks no window for more than the amount.
        let cost = cost % (limit.amount() + 1);
        let before = model.clone();
        let seen = answer(hit(&mut window, cost, Timestamp::from_micros(now)));
        prop_assert_eq!(
            seen,
            model.hit(cost, now),
            "{} at {} of {:?}",
            cost,
            now,
            before
        );
    }
    Ok(())
}
