//! What every storage does, whatever it keeps: check, clear and reset.

use limits_core::{Keeps, Key, RateLimitItem, Storage};

use crate::conformance::case::{Case, PERIOD, part, unique_id};
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law("check_finds_the_storage", check_finds_the_storage),
        law("clear_forgets_one_key_only", clear_forgets_one_key_only),
        law("clear_starts_the_window_anew", clear_starts_the_window_anew),
        law(
            "clear_of_an_unknown_key_does_nothing",
            clear_of_an_unknown_key_does_nothing,
        ),
        law(
            "clear_by_the_text_of_the_key_is_clear",
            clear_by_the_text_of_the_key_is_clear,
        ),
        law("reset_forgets_all_keys", reset_forgets_all_keys)
            .only_where(Fixture::can_be_reset)
            .alone(),
        law(
            "reset_counts_the_keys_of_all_namespaces",
            reset_counts_the_keys_of_all_namespaces,
        )
        .alone()
        .only_where(Fixture::counts_keys),
        law(
            "keys_that_come_and_go_disturb_no_other",
            keys_that_come_and_go_disturb_no_other,
        ),
        law(
            "what_is_kept_after_a_reset_is_over_in_time",
            what_is_kept_after_a_reset_is_over_in_time,
        )
        .only_where(Fixture::can_be_reset)
        .alone(),
    ]
}

async fn check_finds_the_storage<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    Ok(case.fixture.storage().check().await?)
}

async fn clear_forgets_one_key_only<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (one, other) = (case.patient_user(10), case.patient_user(10));
    one.passes(10).await?;
    other.passes(4).await?;
    one.clear().await?;
    let stats = [one.stats().await?, other.stats().await?];
    assert_eq!(stats.map(|stats| stats.remaining), [10, 6], "{stats:?}");
    one.passes(10).await?;
    other.fails(7).await?;
    Ok(())
}

async fn clear_starts_the_window_anew<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let (user, fresh) = (case.user(3), case.user(3));
    user.passes(2).await?;
    case.pass(part(PERIOD, 2)).await;
    user.clear().await?;
    let expected = fresh.take(1).await?;
    let hit = user.take(1).await?;
    assert_eq!(hit.remaining(), 2, "{hit:?}");
    case.assert_same(hit.reset_time(), expected.reset_time(), &hit);
    Ok(())
}

async fn clear_of_an_unknown_key_does_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(2);
    user.clear().await?;
    user.passes(2).await?;
    user.clear().await?;
    user.clear().await?;
    user.passes(2).await?;
    Ok(())
}

async fn clear_by_the_text_of_the_key_is_clear<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(2);
    user.passes(2).await?;
    let text = user.item.key_for(&user.id).to_string();
    let storage = case.fixture.storage();
    storage.clear(Key::from(text.as_str())).await?;
    user.passes(2).await?;
    Ok(())
}

async fn reset_forgets_all_keys<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let users: Vec<_> = (0..10).map(|_| case.patient_user(3)).collect();
    for user in &users {
        user.passes(3).await?;
    }
    case.fixture.storage().reset().await?;
    for user in &users {
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, 3, "{stats:?}");
        assert_eq!(stats.reset_time, stats.now, "{stats:?}");
        user.passes(3).await?;
        user.fails(1).await?;
    }
    Ok(())
}

async fn reset_counts_the_keys_of_all_namespaces<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let storage = case.fixture.storage();
    storage.reset().await?;
    for namespace in ["one", "other"] {
        for _ in 0..10 {
            let item = RateLimitItem::per_hour(5).with_namespace(namespace);
            let user = case.user_of(item, unique_id());
            user.passes(1).await?;
            user.passes(2).await?;
        }
    }
    assert_eq!(storage.reset().await?, 20, "at {:?}", case.now());
    assert_eq!(storage.reset().await?, 0, "at {:?}", case.now());
    Ok(())
}

async fn keys_that_come_and_go_disturb_no_other<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let regulars: Vec<_> = (0..15).map(|_| case.patient_user(9)).collect();
    for round in 0..8 {
        for user in &regulars {
            let guests: Vec<_> = (0..8).map(|_| case.patient_user(1)).collect();
            for guest in &guests {
                guest.passes(1).await?;
            }
            let hit = user.take(1).await?;
            assert_eq!(hit.remaining(), 8 - round, "{hit:?}");
            for guest in &guests {
                guest.fails(1).await?;
                guest.clear().await?;
            }
        }
    }
    Ok(())
}

/// A reset that drops indexes or scripts with the keys breaks what comes after.
async fn what_is_kept_after_a_reset_is_over_in_time<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(3);
    user.passes(3).await?;
    case.fixture.storage().reset().await?;
    user.passes(3).await?;
    user.fails(1).await?;
    case.pass_everything().await;
    user.passes(3).await?;
    Ok(())
}
