//! Law 10: a future that is dropped leaves a state that the next caller reads correctly.
//!
//! A server may still get the request of a future that was dropped, so it is
//! given the time that its instants may be off before anybody looks.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;

use limits_core::Keeps;

use crate::conformance::case::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::strategy::Tested;
use crate::conformance::suite::{Law, Outcome, law};
use crate::conformance::user::User;

pub(super) fn all<F: Fixture<Storage: Keeps<K>>, K: Tested>() -> Vec<Law<F, K>> {
    vec![
        law(
            "a_hit_never_polled_is_taken_where_calls_work_when_made",
            a_hit_never_polled_is_taken_where_calls_work_when_made,
        ),
        law(
            "a_clear_never_polled_is_done_where_calls_work_when_made",
            a_clear_never_polled_is_done_where_calls_work_when_made,
        ),
        law(
            "a_hit_polled_once_is_whole_or_none",
            a_hit_polled_once_is_whole_or_none,
        ),
        law(
            "hits_dropped_at_any_await_are_whole_or_none",
            hits_dropped_at_any_await_are_whole_or_none,
        ),
        law(
            "dropped_hits_are_over_with_the_window",
            dropped_hits_are_over_with_the_window,
        ),
        law(
            "dropped_questions_change_nothing",
            dropped_questions_change_nothing,
        ),
        law(
            "aborted_tasks_hold_nothing_up",
            aborted_tasks_hold_nothing_up,
        ),
    ]
}

async fn a_hit_never_polled_is_taken_where_calls_work_when_made<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    drop(user.limiter.hit(&user.item, &user.id, 3));
    case.pass(case.fixture.tolerance()).await;
    let stats = user.stats().await?;
    let taken = if case.fixture.works_when_called() {
        3
    } else {
        0
    };
    assert_eq!(stats.remaining, 10 - taken, "{stats:?}");
    Ok(())
}

async fn a_clear_never_polled_is_done_where_calls_work_when_made<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    user.passes(3).await?;
    drop(user.limiter.clear(&user.item, &user.id));
    case.pass(case.fixture.tolerance()).await;
    let stats = user.stats().await?;
    let taken = if case.fixture.works_when_called() {
        0
    } else {
        3
    };
    assert_eq!(stats.remaining, 10 - taken, "{stats:?}");
    Ok(())
}

async fn a_hit_polled_once_is_whole_or_none<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    poll_times(user.limiter.hit(&user.item, &user.id, 3), 1).await;
    case.pass(case.fixture.tolerance()).await;
    assert_taken_in_threes(&user, 1).await
}

async fn hits_dropped_at_any_await_are_whole_or_none<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    for polls in 0..8 {
        let user = case.patient_user(10);
        poll_times(user.limiter.hit(&user.item, &user.id, 3), polls).await;
        poll_times(user.limiter.hit(&user.item, &user.id, 3), polls).await;
        case.pass(case.fixture.tolerance()).await;
        assert_taken_in_threes(&user, 2).await?;
    }
    Ok(())
}

/// A counter without an expiry locks its user out for ever.
async fn dropped_hits_are_over_with_the_window<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let mut users = Vec::new();
    for polls in 0..8 {
        let user = case.user(10);
        poll_times(user.limiter.hit(&user.item, &user.id, 7), polls).await;
        poll_times(user.limiter.clear(&user.item, &user.id), polls).await;
        poll_times(user.limiter.hit(&user.item, &user.id, 5), polls).await;
        users.push(user);
    }
    case.pass(case.fixture.tolerance()).await;
    case.pass_everything().await;
    for (polls, user) in users.iter().enumerate() {
        let stats = user.stats().await?;
        assert_eq!(stats.remaining, 10, "after {polls} polls: {stats:?}");
        user.passes(10).await?;
    }
    Ok(())
}

async fn dropped_questions_change_nothing<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(10);
    user.passes(4).await?;
    let before = user.stats().await?;
    for polls in 0..8 {
        poll_times(user.limiter.test(&user.item, &user.id, 2), polls).await;
        poll_times(user.limiter.get_window_stats(&user.item, &user.id), polls).await;
        poll_times(user.limiter.hit(&user.item, &user.id, 0), polls).await;
        poll_times(user.limiter.hit(&user.item, &user.id, 11), polls).await;
    }
    case.pass(case.fixture.tolerance()).await;
    let after = user.stats().await?;
    assert_eq!(after.remaining, 6, "{before:?}, {after:?}");
    case.assert_same(after.reset_time, before.reset_time, &after);
    Ok(())
}

async fn aborted_tasks_hold_nothing_up<F, K>(case: Case<F, K>) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let user = case.patient_user(16);
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let user = case.again(&user);
        tasks.push(tokio::spawn(async move {
            loop {
                let answer = user.hit(1).await;
                assert!(answer.is_ok(), "{answer:?}");
                tokio::task::yield_now().await;
            }
        }));
    }
    while user.stats().await?.remaining > 8 {
        tokio::task::yield_now().await;
    }
    for task in &tasks {
        task.abort();
    }
    for task in tasks {
        let ended: Result<(), _> = task.await;
        assert!(
            ended.is_err_and(|error| error.is_cancelled()),
            "at {:?}",
            case.now()
        );
    }
    case.pass(case.fixture.tolerance()).await;
    let left = user.stats().await?;
    assert!(left.remaining <= 8, "{left:?}");
    let rest = user.take_all(17).await?;
    assert_eq!(rest, left.remaining, "{left:?}");
    Ok(())
}

/// Asserts that at most so many hits of three were taken, each whole, and the rest can be.
async fn assert_taken_in_threes<F, K>(user: &User<F, K>, at_most: u64) -> Outcome
where
    F: Fixture<Storage: Keeps<K>>,
    K: Tested,
{
    let stats = user.stats().await?;
    let taken = stats.limit - stats.remaining;
    assert_eq!(taken % 3, 0, "{stats:?}");
    assert!(taken <= 3 * at_most, "{stats:?}");
    let test = user.test(stats.remaining).await?;
    assert!(test.allowed(), "{test:?}");
    user.passes(stats.remaining).await?;
    user.fails(1).await?;
    Ok(())
}

/// Polls `future` so many times, as often as it wants to be, and drops it.
async fn poll_times<R>(future: R, polls: usize)
where
    R: Future,
{
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Pending if left > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}
