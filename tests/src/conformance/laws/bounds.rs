//! Law 11: nothing grows without bound.

use limits_core::{Micros, Storage};

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture, W: Tested<F::Storage>>() -> Vec<Law<F, W>> {
    vec![
        law(
            "b22_keys_that_are_over_do_not_pile_up",
            b22_keys_that_are_over_do_not_pile_up,
        )
        .alone()
        .only_where(shows_how_many_keys_there_are),
        law(
            "keys_that_are_over_make_room_while_known_keys_are_hit",
            keys_that_are_over_make_room_while_known_keys_are_hit,
        )
        .alone()
        .only_where(shows_how_many_keys_there_are),
        law("a_key_may_be_used_for_ever", a_key_may_be_used_for_ever),
    ]
}

/// How many new keys a window brings, where the storage takes as many.
const WAVE: u64 = 4_000;

const WAVES: u64 = 6;

/// Whether a trial can let many windows pass and count the keys afterwards.
fn shows_how_many_keys_there_are<F: Fixture>(fixture: &F) -> bool {
    fixture.counts_keys() && fixture.tolerance() == Micros::ZERO
}

/// Everybody comes once and never again.
async fn b22_keys_that_are_over_do_not_pile_up<F, W>(case: Case<F, W>) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    let wave = WAVE.min(case.fixture.most_keys());
    for _ in 0..WAVES {
        hit_by_new_users(&case, wave).await?;
        case.pass_everything().await;
    }
    assert_few_keys_are_left(&case, wave).await
}

async fn keys_that_are_over_make_room_while_known_keys_are_hit<F, W>(case: Case<F, W>) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    let wave = WAVE.min(case.fixture.most_keys() / 2);
    let regulars: Vec<_> = (0..wave / 4).map(|_| case.user(1)).collect();
    for _ in 0..WAVES {
        hit_by_new_users(&case, wave).await?;
        case.pass_everything().await;
        for _ in 0..4 {
            for user in &regulars {
                let _ = user.hit(1).await?;
            }
        }
        case.pass_everything().await;
    }
    assert_few_keys_are_left(&case, wave).await
}

async fn a_key_may_be_used_for_ever<F, W>(case: Case<F, W>) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    // Every unit at an instant of its own, the most that a moving window has to keep.
    let amount = case.fixture.largest_moving_amount().min(16);
    let user = case.user(amount);
    let mut units = 0;
    for _ in 0..5 * amount / 2 {
        units += u64::from(user.hit(1).await?.allowed());
        let stats = user.stats().await?;
        assert!(stats.remaining < amount, "{units} units: {stats:?}");
        case.pass(part(PERIOD, amount)).await;
    }
    // Who keeps hitting an elastic window stays refused.
    assert_eq!(
        units > amount,
        !W::EXTENDS,
        "{units} units at {:?}",
        case.now()
    );
    Ok(())
}

async fn hit_by_new_users<F, W>(case: &Case<F, W>, users: u64) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    let user = case.user(1);
    for _ in 0..users {
        let id = unique_id();
        let hit = user.limiter.hit(&user.item, &id, 1).await?;
        assert!(hit.allowed(), "{hit:?}");
    }
    Ok(())
}

/// Asserts that half of the keys there ever were are forgotten; all of them are over.
async fn assert_few_keys_are_left<F, W>(case: &Case<F, W>, wave: u64) -> Outcome
where
    F: Fixture,
    W: Tested<F::Storage>,
{
    let left = case.fixture.storage().reset().await?;
    let all = wave * WAVES;
    assert!(
        left <= all / 2,
        "{left} of {all} keys are left at {:?}",
        case.now()
    );
    Ok(())
}
