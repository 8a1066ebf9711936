//! Who is dropped costs nothing.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use limits::window::{Fixed, Gcra, Moving};
use limits::{MemoryStorage, RateLimitItem};
use tokio::time::{Instant, sleep};

use super::{HOUR, Outcome, SECOND, WAY, caller, passed, remote, waiting};

/// C2, test 5.
#[tokio::test(start_paused = true)]
async fn when_the_middle_of_a_thousand_is_cancelled_all_others_pass_once() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(10);
    limiter.until_ready(&item, "a", 10, HOUR).await?;
    let mut callers = Vec::new();
    for _ in 0..1_000 {
        callers.push(caller(&limiter, item, 1, HOUR).await);
    }
    assert_eq!(limiter.waiters(), 1_000);
    callers.remove(500).abort();
    for (number, caller) in (1..).zip(callers) {
        assert_eq!(passed(caller).await?, number * 100);
    }
    assert_eq!(limiter.waiters(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_next_one_moves_up_at_once_when_the_first_one_leaves() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(10);
    limiter.until_ready(&item, "a", 10, HOUR).await?;
    let large = caller(&limiter, item, 10, HOUR).await;
    let small = caller(&limiter, item, 1, HOUR).await;
    sleep(SECOND / 2).await;
    large.abort();
    assert_eq!(passed(small).await?, 500);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn units_that_were_on_their_way_to_a_dropped_caller_go_back() -> Outcome {
    // Dropped before the storage decides, after it, and when the answer is there.
    for millis in [5, 15, 25] {
        let limiter = remote::<Moving>();
        let item = RateLimitItem::per_hour(1);
        {
            let mut dropped = pin!(limiter.until_ready(&item, "a", 1, HOUR));
            let polled = poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context))).await;
            assert!(polled.is_pending(), "{polled:?}");
            sleep(Duration::from_millis(millis)).await;
        }
        sleep(WAY * 6).await;
        let stats = limiter.limiter().get_window_stats(&item, "a").await?;
        assert_eq!(stats.remaining, 1, "dropped after {millis} ms");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn units_that_go_back_are_for_the_next_one_in_line() -> Outcome {
    let limiter = remote::<Fixed>();
    let item = RateLimitItem::per_minute(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let first = caller(&limiter, item, 1, HOUR).await;
    sleep(WAY * 3).await;
    let second = caller(&limiter, item, 1, HOUR).await;
    let start = Instant::now();
    // The first one's hit has been decided when it is dropped.
    sleep(SECOND * 59).await;
    limiter.limiter().storage().take_calls();
    while limiter.limiter().storage().take_calls() == 0 {
        sleep(WAY / 10).await;
    }
    sleep(WAY * 3 / 2).await;
    first.abort();
    passed(second).await?;
    let waited = start.elapsed();
    assert!(waited < SECOND * 61, "{waited:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn units_that_a_dropped_caller_did_not_fetch_wake_the_first_in_line() -> Outcome {
    let limiter = remote::<Fixed>();
    let item = RateLimitItem::per_hour(1);
    let second = {
        let mut dropped = pin!(limiter.until_ready(&item, "a", 1, HOUR));
        let polled = poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "{polled:?}");
        sleep(WAY * 3).await;
        // It has its unit, but nobody has fetched it.
        let second = caller(&limiter, item, 1, HOUR).await;
        sleep(WAY * 3).await;
        assert_eq!(limiter.waiters(), 1);
        second
    };
    let at = passed(second).await?;
    assert!(at < 200, "after {at} ms");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn callers_dropped_at_any_time_leave_no_trace() -> Outcome {
    for millis in 0..60 {
        let limiter = remote::<Gcra>();
        let item = RateLimitItem::per_hour(3);
        let mut callers = Vec::new();
        for _ in 0..6 {
            callers.push(caller(&limiter, item, 1, HOUR).await);
        }
        sleep(Duration::from_millis(millis)).await;
        let mut kept = 0;
        for caller in callers {
            caller.abort();
            kept += u64::from(caller.await.is_ok());
        }
        sleep(WAY * 20).await;
        let stats = limiter.limiter().get_window_stats(&item, "a").await?;
        assert_eq!(stats.remaining, 3 - kept, "dropped after {millis} ms");
        assert_eq!(limiter.waiters(), 0, "dropped after {millis} ms");
    }
    Ok(())
}
