//! Who is turned away.

use core::time::Duration;

use limits::window::{Fixed, Gcra};
use limits::{MemoryStorage, Origin, RateLimitItem, WaitError};
use tokio::time::{Instant, sleep};

use super::{HOUR, Outcome, SECOND, WAY, caller, passed, remote, waiting};

#[tokio::test(start_paused = true)]
async fn the_lines_are_bounded_in_all() -> Outcome {
    let limiter = waiting::<Fixed, _>(MemoryStorage::new()).with_max_waiters(2);
    let item = RateLimitItem::per_second(1);
    let ids = ["a", "b", "c"];
    for id in ids {
        limiter.until_ready(&item, id, 1, HOUR).await?;
    }
    let wait = |id| limiter.until_ready(&item, id, 1, HOUR);
    let (a, b, c) = tokio::join!(wait("a"), wait("b"), wait("c"));
    assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
    assert!(matches!(c, Err(WaitError::QueueFull(_))), "{c:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_where_nobody_may() -> Outcome {
    let limiter = waiting::<Fixed, _>(MemoryStorage::new()).with_max_waiters_per_key(0);
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let refused = limiter.until_ready(&item, "a", 1, HOUR).await;
    assert!(
        matches!(refused, Err(WaitError::QueueFull(_))),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_closed_queue_serves_those_who_wait_and_nobody_else() -> Outcome {
    let limiter = waiting::<Fixed, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let callers = [
        caller(&limiter, item, 1, HOUR).await,
        caller(&limiter, item, 1, HOUR).await,
    ];
    limiter.close();
    let refused = limiter.until_ready(&item, "b", 1, HOUR).await;
    assert!(matches!(refused, Err(WaitError::Closed)), "{refused:?}");
    for caller in callers {
        passed(caller).await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_stands_too_far_behind_is_refused_at_once() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(10);
    limiter.until_ready(&item, "a", 10, HOUR).await?;
    let first = caller(&limiter, item, 5, HOUR).await;
    let second = caller(&limiter, item, 4, HOUR).await;
    let start = Instant::now();
    let refused = limiter
        .until_ready(&item, "a", 1, SECOND - Duration::from_millis(1))
        .await;
    let Err(WaitError::TooLong(decision)) = refused else {
        return Err(format!("ten units take a second: {refused:?}").into());
    };
    assert_eq!(decision.origin(), Origin::Queued);
    assert_eq!(decision.retry_after(), Some(SECOND), "{decision:?}");
    assert!(start.elapsed().is_zero());
    let third = caller(&limiter, item, 1, SECOND).await;
    assert_eq!(passed(first).await?, 500);
    assert_eq!(passed(second).await?, 900);
    assert_eq!(passed(third).await?, 1_000);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_full_of_others_is_not_waited_for() -> Outcome {
    let limiter = waiting::<Fixed, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(2);
    limiter.until_ready(&item, "a", 2, HOUR).await?;
    let callers = [
        caller(&limiter, item, 1, HOUR).await,
        caller(&limiter, item, 1, HOUR).await,
    ];
    // The next window is taken by those two.
    let refused = limiter.until_ready(&item, "a", 1, SECOND * 3 / 2).await;
    let Err(WaitError::TooLong(decision)) = refused else {
        return Err(format!("the window after the next one: {refused:?}").into());
    };
    assert_eq!(decision.retry_after(), Some(SECOND * 2), "{decision:?}");
    for caller in callers {
        assert_eq!(passed(caller).await?, 1_000);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_asks_beside_the_first_one_is_refused_where_it_is_too_late_behind_it() -> Outcome {
    let limiter = remote::<Fixed>();
    let item = RateLimitItem::per_minute(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    // None of them has been refused yet, so that all ask.
    let first = caller(&limiter, item, 1, HOUR).await;
    let late = caller(&limiter, item, 1, SECOND * 61).await;
    let in_time = caller(&limiter, item, 1, SECOND * 121).await;
    let (refused, at) = late.await?;
    assert!(matches!(refused, Err(WaitError::TooLong(_))), "{refused:?}");
    assert!(at <= 100, "after {at} ms");
    passed(first).await?;
    passed(in_time).await?;
    Ok(())
}

/// Nobody knew when it came; by the first one's refusal it is known.
#[tokio::test(start_paused = true)]
async fn who_turns_out_to_be_too_late_is_refused_then() -> Outcome {
    let limiter = remote::<Fixed>();
    let item = RateLimitItem::per_minute(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let first = caller(&limiter, item, 1, HOUR).await;
    sleep(WAY * 3).await;
    let second = caller(&limiter, item, 1, HOUR).await;
    passed(first).await?;
    // The second one has been asked for, and not been answered.
    let late = caller(&limiter, item, 1, SECOND * 30).await;
    let (refused, at) = late.await?;
    assert!(matches!(refused, Err(WaitError::TooLong(_))), "{refused:?}");
    assert!(at <= 100, "after {at} ms");
    passed(second).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_in_line_waits_past_its_deadline() -> Outcome {
    let limiter = waiting::<limits::window::SlidingCounter, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    // Of what a sliding counter releases after the first unit nobody knows.
    let first = caller(&limiter, item, 1, HOUR).await;
    let second = caller(&limiter, item, 1, SECOND * 5 / 2).await;
    let third = caller(&limiter, item, 1, SECOND * 5 / 2).await;
    passed(first).await?;
    passed(second).await.ok();
    let (refused, at) = third.await?;
    assert!(matches!(refused, Err(WaitError::TooLong(_))), "{refused:?}");
    assert!(at <= 2_500, "after {at} ms");
    assert_eq!(limiter.waiters(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_hangs_keeps_nobody_in_line_past_its_deadline() -> Outcome {
    let limiter = remote::<Fixed>();
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let first = caller(&limiter, item, 1, HOUR).await;
    sleep(WAY * 3).await;
    limiter.limiter().storage().hang();
    let second = caller(&limiter, item, 1, SECOND * 3).await;
    let (refused, at) = second.await?;
    assert!(matches!(refused, Err(WaitError::TooLong(_))), "{refused:?}");
    assert_eq!(at, 3_000);
    first.abort();
    Ok(())
}
