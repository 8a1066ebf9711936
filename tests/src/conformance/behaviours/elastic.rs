//! The fixed window with elastic expiry: who keeps hitting stays refused.

use limits_core::window::{Elastic, Fixed};
use limits_core::{Keeps, RateLimiter};

use crate::conformance::case::{Case, PERIOD, part};
use crate::conformance::fixture::Fixture;
use crate::conformance::suite::{Law, Outcome, law};

pub(in crate::conformance) fn all<F>() -> Vec<Law<F, Elastic>>
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    vec![
        law(
            "every_hit_starts_the_time_anew",
            every_hit_starts_the_time_anew,
        ),
        law(
            "a_refused_hit_starts_the_time_anew",
            a_refused_hit_starts_the_time_anew,
        ),
        law(
            "who_is_silent_for_a_period_is_free",
            who_is_silent_for_a_period_is_free,
        ),
        law(
            "questions_do_not_start_the_time_anew",
            questions_do_not_start_the_time_anew,
        ),
        law(
            "a_cost_above_the_amount_extends_nothing",
            a_cost_above_the_amount_extends_nothing,
        ),
        law(
            "shares_its_counter_with_the_fixed_window",
            shares_its_counter_with_the_fixed_window,
        ),
    ]
}

async fn every_hit_starts_the_time_anew<F>(case: Case<F, Elastic>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let user = case.user(10);
    for cost in [1, 3, 1] {
        let hit = user.take(cost).await?;
        case.assert_same(hit.reset_time(), hit.now().saturating_add(PERIOD), &hit);
        case.pass(part(PERIOD, 2)).await;
    }
    let stats = user.stats().await?;
    assert_eq!(stats.remaining, 5, "{stats:?}");
    Ok(())
}

async fn a_refused_hit_starts_the_time_anew<F>(case: Case<F, Elastic>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let user = case.user(2);
    user.passes(2).await?;
    for _ in 0..5 {
        case.pass(part(PERIOD, 2)).await;
        let refused = user.refused(1).await?;
        let end = refused.now().saturating_add(PERIOD);
        case.assert_same(refused.reset_time(), end, &refused);
        case.assert_same(user.stats().await?.reset_time, end, &refused);
    }
    Ok(())
}

async fn who_is_silent_for_a_period_is_free<F>(case: Case<F, Elastic>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let user = case.user(2);
    user.passes(2).await?;
    case.pass(part(PERIOD, 2)).await;
    let refused = user.refused(1).await?;
    let end = refused.now().saturating_add(PERIOD);
    case.pass_to_just_before(end).await;
    let test = user.test(1).await?;
    assert!(!test.allowed(), "{test:?}");
    case.pass_to(end).await;
    user.passes(2).await?;
    Ok(())
}

async fn questions_do_not_start_the_time_anew<F>(case: Case<F, Elastic>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let user = case.user(2);
    let end = user.take(2).await?.reset_time();
    case.pass(part(PERIOD, 2)).await;
    for cost in [0, 1, 2, 3] {
        let test = user.test(cost).await?;
        let stats = user.stats().await?;
        assert_eq!(test.allowed(), cost == 0, "{test:?}");
        case.assert_same(stats.reset_time, end, &(stats, test));
    }
    let nothing = user.take(0).await?;
    case.assert_same(nothing.reset_time(), end, &nothing);
    case.pass_to(end).await;
    user.passes(2).await?;
    Ok(())
}

async fn a_cost_above_the_amount_extends_nothing<F>(case: Case<F, Elastic>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let user = case.user(2);
    let end = user.take(2).await?.reset_time();
    case.pass(part(PERIOD, 2)).await;
    user.fails(3).await?;
    case.pass_to(end).await;
    user.passes(2).await?;
    Ok(())
}

async fn shares_its_counter_with_the_fixed_window<F>(case: Case<F, Elastic>) -> Outcome
where
    F: Fixture<Storage: Keeps<Fixed> + Keeps<Elastic>>,
{
    let user = case.user(3);
    let (storage, clock) = (case.fixture.storage(), case.fixture.clock());
    let fixed = RateLimiter::<Fixed, _, _>::with_clock(storage, clock);
    user.passes(1).await?;
    let hit = fixed.hit(&user.item, &user.id, 1).await?;
    assert_eq!(hit.remaining(), 1, "{hit:?}");
    user.passes(1).await?;
    let hit = fixed.hit(&user.item, &user.id, 1).await?;
    assert!(!hit.allowed(), "{hit:?}");
    user.fails(1).await?;
    Ok(())
}
