//! Laws 1 and 2: callers together take the amount, all of it and no more.

use std::sync::{Arc, Barrier};

use libtest_mimic::Failed;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use limits_core::Keeps;

use crate::conformance::case::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};
use crate::conformance::user::User;

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "a_hundred_tasks_take_exactly_the_amount",
            a_hundred_tasks_take_exactly_the_amount,
        ),
        law(
            "threads_take_exactly_the_amount",
            threads_take_exactly_the_amount,
        ),
        law(
            "b23_threads_neither_exceed_nor_lose_units",
            b23_threads_neither_exceed_nor_lose_units,
        ),
        law(
            "tasks_with_mixed_costs_take_exactly_the_amount",
            tasks_with_mixed_costs_take_exactly_the_amount,
        ),
        law(
            "threads_with_mixed_costs_take_exactly_the_amount",
            threads_with_mixed_costs_take_exactly_the_amount,
        ),
        law(
            "threads_take_the_amount_again_after_the_window",
            threads_take_the_amount_again_after_the_window,
        ),
        law(
            "threads_with_keys_of_their_own_all_get_the_amount",
            threads_with_keys_of_their_own_all_get_the_amount,
        ),
        law(
            "who_reads_meanwhile_sees_units_go_one_way",
            who_reads_meanwhile_sees_units_go_one_way,
        ),
        law(
            "two_handles_share_one_counter",
            two_handles_share_one_counter,
        ),
    ]
}

async fn a_hundred_tasks_take_exactly_the_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(5);
    let tasks = (0..100).map(|_| case.again(&user)).collect();
    let units = units_of_tasks(tasks, &[1]).await?;
    let stats = user.stats().await?;
    assert_eq!(units, 5, "{stats:?}");
    assert_eq!(stats.remaining, 0, "{stats:?}");
    Ok(())
}

async fn threads_take_exactly_the_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for _ in 0..10 {
        let user = case.patient_user(16);
        let threads = (0..8).map(|_| case.again(&user)).collect();
        let units = units_of_threads(threads, &[1; 10]).await?;
        let stats = user.stats().await?;
        assert_eq!(units, 16, "{stats:?}");
        assert_eq!(stats.remaining, 0, "{stats:?}");
    }
    Ok(())
}

/// One unit and many threads for it: each of them would win a race on its own.
async fn b23_threads_neither_exceed_nor_lose_units<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for _ in 0..20 {
        let user = case.patient_user(1);
        let threads = (0..8).map(|_| case.again(&user)).collect();
        let units = units_of_threads(threads, &[1]).await?;
        assert_eq!(units, 1, "{:?}", user.stats().await?);
    }
    Ok(())
}

async fn tasks_with_mixed_costs_take_exactly_the_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(16);
    let tasks = (0..20).map(|_| case.again(&user)).collect();
    let units = units_of_tasks(tasks, &[3, 1, 2]).await?;
    assert_rest_is_left(&user, 16, units).await
}

async fn threads_with_mixed_costs_take_exactly_the_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for _ in 0..10 {
        let user = case.patient_user(13);
        let threads = (0..8).map(|_| case.again(&user)).collect();
        let units = units_of_threads(threads, &[5, 2, 3]).await?;
        assert_rest_is_left(&user, 13, units).await?;
    }
    Ok(())
}

async fn threads_take_the_amount_again_after_the_window<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.user(7);
    for window in 0..2 {
        let threads = (0..8).map(|_| case.again(&user)).collect();
        let units = units_of_threads(threads, &[1; 4]).await?;
        assert_eq!(units, 7, "window {window} at {:?}", case.now());
        case.pass_everything().await;
    }
    Ok(())
}

async fn threads_with_keys_of_their_own_all_get_the_amount<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let users: Vec<_> = (0..8).map(|_| case.patient_user(9)).collect();
    let threads = users
        .iter()
        .flat_map(|user| [case.again(user), case.again(user)]);
    let units = units_of_threads(threads.collect(), &[1; 12]).await?;
    assert_eq!(units, 8 * 9, "at {:?}", case.now());
    for user in &users {
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, 0, "{stats:?}");
    }
    Ok(())
}

async fn who_reads_meanwhile_sees_units_go_one_way<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(16);
    let reader = case.again(&user);
    let reads = tokio::spawn(async move {
        let mut before = reader.stats().await?;
        while before.remaining > 0 {
            let after = reader.stats().await?;
            assert!(after.remaining <= before.remaining, "{after:?}, {before:?}");
            assert!(after.reset_time >= after.now, "{after:?}");
            before = after;
            tokio::task::yield_now().await;
        }
        Ok::<(), Failed>(())
    });
    let threads = (0..4).map(|_| case.again(&user)).collect();
    let units = units_of_threads(threads, &[1; 16]).await?;
    assert_eq!(units, 16, "at {:?}", case.now());
    reads.await?
}

async fn two_handles_share_one_counter<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let one = case.patient_user(3);
    let other = case.again(&one);
    one.passes(1).await?;
    other.passes(2).await?;
    one.fails(1).await?;
    other.fails(1).await?;
    other.clear().await?;
    one.passes(3).await?;
    other.fails(1).await?;
    Ok(())
}

/// Asserts that what `units` left of the amount can be taken, and no more.
async fn assert_rest_is_left<F, K>(user: &User<F, K>, amount: u64, units: u64) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let stats = user.stats().await?;
    assert!(units <= amount, "{units} units were taken: {stats:?}");
    assert_eq!(stats.remaining, amount - units, "{stats:?}");
    let rest = user.take_all(amount + 1).await?;
    assert_eq!(units + rest, amount, "{stats:?}");
    Ok(())
}

/// Hits with every one of `costs` in a task for each of `users`; tells the units admitted.
async fn units_of_tasks<F, K>(users: Vec<User<F, K>>, costs: &'static [u64]) -> Result<u64, Failed>
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let mut tasks = JoinSet::new();
    for user in users {
        tasks.spawn(async move { units_of(&user, costs).await });
    }
    sum(tasks).await
}

/// Hits with every one of `costs` on a thread for each of `users`, all at once;
/// tells the units admitted.
async fn units_of_threads<F, K>(
    users: Vec<User<F, K>>,
    costs: &'static [u64],
) -> Result<u64, Failed>
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let start = Arc::new(Barrier::new(users.len()));
    let runtime = Handle::current();
    let mut threads = JoinSet::new();
    for user in users {
        let (start, runtime) = (Arc::clone(&start), runtime.clone());
        threads.spawn_blocking(move || {
            start.wait();
            runtime.block_on(units_of(&user, costs))
        });
    }
    sum(threads).await
}

async fn units_of<F, K>(user: &User<F, K>, costs: &[u64]) -> Result<u64, Failed>
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let mut units = 0;
    for cost in costs {
        if user.hit(*cost).await?.allowed() {
            units += cost;
        }
    }
    Ok(units)
}

async fn sum(mut tasks: JoinSet<Result<u64, Failed>>) -> Result<u64, Failed> {
    let mut units = 0;
    while let Some(task) = tasks.join_next().await {
        units += task??;
    }
    Ok(units)
}
