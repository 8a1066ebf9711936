//! Law 11: nothing grows without bound.

use limits_core::{Keeps, Micros, Storage};

use crate::conformance::case::{Case, PERIOD, part, times, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "b22_keys_that_are_over_do_not_pile_up",
            b22_keys_that_are_over_do_not_pile_up,
        )
        .alone()
        .only_where(lets_keys_be_counted_in_no_time),
        law(
            "hits_of_known_keys_clean_up_too",
            hits_of_known_keys_clean_up_too,
        )
        .alone()
        .only_where(|fixture| {
            lets_keys_be_counted_in_no_time(fixture) && fixture.most_keys() == u64::MAX
        }),
        law(
            "live_keys_are_not_forgotten_for_others",
            live_keys_are_not_forgotten_for_others,
        ),
        law("a_key_may_be_used_for_ever", a_key_may_be_used_for_ever),
    ]
}

/// How many new keys come at once, where the storage takes as many.
const WAVE: u64 = 4_000;

fn lets_keys_be_counted_in_no_time<F: Fixture>(fixture: &F) -> bool {
    fixture.counts_keys() && fixture.tolerance() == Micros::ZERO
}

/// Everybody comes once and never again.
async fn b22_keys_that_are_over_do_not_pile_up<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let wave = WAVE.min(case.fixture.most_keys());
    for _ in 0..6 {
        hit_by_new_users(&case, wave).await?;
        case.pass_everything().await;
    }
    let left = case.fixture.storage().reset().await?;
    assert!(left <= 3 * wave, "{left} of {} keys are left", 6 * wave);
    Ok(())
}

async fn hits_of_known_keys_clean_up_too<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let regulars: Vec<_> = (0..WAVE / 10).map(|_| case.user(200)).collect();
    for user in &regulars {
        user.passes(1).await?;
    }
    hit_by_new_users(&case, WAVE).await?;
    case.pass_everything().await;
    // 15 hits for each key that is over.
    for _ in 0..150 {
        for user in &regulars {
            user.passes(1).await?;
        }
    }
    let left = case.fixture.storage().reset().await?;
    assert!(left <= WAVE / 2, "{left} of {WAVE} keys are left");
    Ok(())
}

async fn live_keys_are_not_forgotten_for_others<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(5);
    user.passes(4).await?;
    // A caller whose clock is behind makes the window end earlier by that at most.
    let past = user.now().saturating_sub(part(PERIOD, 8));
    let hit = user.limiter.hit_at(&user.item, &user.id, 1, past).await?;
    assert!(hit.allowed(), "{hit:?}");
    case.pass(part(times(PERIOD, 3), 4)).await;
    // As many as find room beside it, and no more than a server takes in a moment.
    let others = match case.is_exact() {
        true => 4 * WAVE,
        false => 10,
    };
    hit_by_new_users(&case, others.min(case.fixture.most_keys() - 1)).await?;
    let test = user.test(5).await?;
    assert!(!test.allowed(), "{test:?}");
    assert!(test.remaining() < 5, "{test:?}");
    Ok(())
}

async fn a_key_may_be_used_for_ever<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    // Every unit at an instant of its own, the most that a moving window has to keep.
    let amount = K::largest_amount(&case.fixture, PERIOD).min(16);
    let user = case.user(amount);
    let mut units = 0;
    for _ in 0..5 * amount / 2 {
        let hit = user.hit(1).await?;
        units += u64::from(hit.allowed());
        let stats = user.stats().await?;
        let is_over = stats.now >= hit.reset_time();
        assert!(
            is_over || stats.remaining < amount,
            "{units} units: {stats:?}"
        );
        case.pass(part(PERIOD, amount)).await;
    }
    // Who keeps hitting an elastic window stays refused.
    assert_eq!(
        units > amount,
        !K::default().extends(),
        "{units} units at {:?}",
        case.now()
    );
    Ok(())
}

async fn hit_by_new_users<F, K>(case: &Case<F, K>, users: u64) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(1);
    for _ in 0..users {
        let id = unique_id();
        let hit = user.limiter.hit(&user.item, &id, 1).await?;
        assert!(hit.allowed(), "{hit:?}");
    }
    Ok(())
}
