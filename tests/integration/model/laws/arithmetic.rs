//! The windows alone, with periods so short that every step is at an edge.

use limits_core::window::{
    Airtime, Decide, Elastic, Fixed, Gcra, Hit, Moving, SlidingCounter, Usage, Window,
};
use limits_core::{
    AirtimeWindow, Decision, FixedLog, FixedWindow, GcraWindow, Limit, Micros, MovingWindow,
    SlidingWindow, Timestamp,
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
        agrees::<Fixed, FixedWindow, model::Fixed>(limit, &steps)?;
    }

    #[test]
    fn an_elastic_window_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        agrees::<Elastic, FixedWindow, model::Elastic>(limit, &steps)?;
    }

    #[test]
    fn a_moving_window_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        agrees::<Moving, MovingWindow<FixedLog<8>>, model::Moving>(limit, &steps)?;
    }

    #[test]
    fn a_sliding_counter_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        agrees::<SlidingCounter, SlidingWindow, model::Sliding>(limit, &steps)?;
    }

    #[test]
    fn a_bucket_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        agrees::<Gcra, GcraWindow<u64>, model::Gcra>(limit, &steps)?;
        agrees::<Gcra, GcraWindow, model::Gcra>(limit, &steps)?;
    }

    #[test]
    fn a_bucket_of_any_amount_and_period_is_the_models(
        limit in any_limits(),
        start in 0..1_u64 << 52,
        steps in vec((any::<u64>(), any::<u64>()), 1..40),
    ) {
        let mut window = <GcraWindow as Window>::EMPTY;
        let mut model = model::Gcra::new(limit.amount(), limit.period().as_micros());
        let mut now = start;
        for (share, cost) in steps {
            let cost = cost % (limit.amount() + 1);
            let before = model.clone();
            let seen = answer(hit::<Gcra, _>(&mut window, limit, cost, now));
            prop_assert_eq!(seen, model.hit(cost, now), "{} at {} of {:?}", cost, now, before);
            // On from now to some time of the way to what was said last.
            let wait = seen.retry_at.unwrap_or(now).max(seen.reset_time) - now;
            let step = u128::from(share) * u128::from(wait) / u128::from(u64::MAX - 9);
            now = now.saturating_add(u64::try_from(step)?);
            if !model.is_exact(now) {
                break;
            }
        }
    }

    #[test]
    fn an_airtime_window_of_microseconds_is_the_models(limit in limits(), steps in steps()) {
        agrees::<Airtime, AirtimeWindow<1>, model::Airtime<1>>(limit, &steps)?;
        agrees::<Airtime, AirtimeWindow<2>, model::Airtime<2>>(limit, &steps)?;
        agrees::<Airtime, AirtimeWindow<8>, model::Airtime<8>>(limit, &steps)?;
        agrees::<Airtime, AirtimeWindow<64>, model::Airtime<64>>(limit, &steps)?;
    }
}

/// Any amount up to 2^53, and any period, most of them of no round number.
fn any_limits() -> impl Strategy<Value = Limit> {
    let amount = prop_oneof![1..=1_u64 << 53, 1..=1_000_u64, Just((1 << 53) - 1)];
    let period = prop_oneof![1..=1_u64 << 50, 1..=100_u64, Just(31_104_000_000_000)];
    let limit = |(amount, period)| Limit::new(amount, Micros::from_micros(period));
    (amount, period).prop_map(limit)
}

fn hit<K, W>(window: &mut W, limit: Limit, cost: u64, now: u64) -> Decision
where
    W: Decide<K, Usage: Into<Usage>>,
{
    let hit = Hit::new(limit, cost, Timestamp::from_micros(now));
    let (allowed, usage) = window.acquire(hit);
    Decision::hit(allowed, hit, usage)
}

fn agrees<K, W, M>(limit: Limit, steps: &Steps) -> TestCaseResult
where
    W: Decide<K, Usage: Into<Usage>>,
    M: Model,
{
    let mut window = W::EMPTY;
    let mut model = M::new(limit.amount(), limit.period().as_micros());
    let mut now = 0_u64;
    for (step, cost) in steps {
        now = now.saturating_add_signed(*step);
        // A limiter asks no window for more than the amount.
        let cost = cost % (limit.amount() + 1);
        let before = model.clone();
        let seen = answer(hit(&mut window, limit, cost, now));
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
