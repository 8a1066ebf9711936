//! One caller after the other.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;

use limits::window::{Fixed, Gcra, Moving};
use limits::{
    Clock, ManualClock, MemoryStorage, Origin, RateLimitItem, RateLimiter, Timestamp, TokioClock,
    WaitError, WaitingRateLimiter,
};
use tokio::time::{Instant, advance, sleep};

use super::{HOUR, Outcome, SECOND, WAY, caller, passed, remote, waiting};

#[tokio::test(start_paused = true)]
async fn what_is_left_is_taken_without_a_wait() -> Outcome {
    let limiter = waiting::<Fixed, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(2);
    for remaining in [1, 0] {
        let waited = limiter.until_ready(&item, "a", 1, HOUR).await?;
        assert_eq!(waited.decision().remaining(), remaining, "{waited:?}");
        assert!(waited.waited().is_zero(), "{waited:?}");
    }
    assert_eq!(limiter.waiters(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_sleeps_exactly_until_the_units_are_there() -> Outcome {
    let limiter = waiting::<Moving, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    advance(SECOND / 4).await;
    let waited = limiter.until_ready(&item, "a", 1, HOUR).await?;
    assert_eq!(waited.waited(), SECOND * 3 / 4, "{waited:?}");
    Ok(())
}

/// `http-and-resilience.md` C2, test 4.
#[tokio::test(start_paused = true)]
async fn who_cannot_make_its_deadline_is_refused_at_once() -> Outcome {
    let limiter = waiting::<Fixed, _>(MemoryStorage::new());
    let two_seconds = RateLimitItem::parse("1 per 2 seconds")?;
    limiter.until_ready(&two_seconds, "a", 1, HOUR).await?;
    advance(SECOND - Duration::from_millis(1)).await;
    let start = Instant::now();
    let refused = limiter.until_ready(&two_seconds, "a", 1, SECOND).await;
    let Err(WaitError::TooLong(decision)) = refused else {
        return Err(format!("a wait of 1.001 s within 1 s: {refused:?}").into());
    };
    let millis = decision.retry_after().map(|wait| wait.as_millis());
    assert_eq!(millis, Some(1_001), "{decision:?}");
    assert_eq!(decision.origin(), Origin::Storage);
    assert!(start.elapsed().is_zero(), "{:?}", start.elapsed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_ends_at_its_deadline_passes() -> Outcome {
    let limiter = waiting::<Fixed, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let waited = limiter.until_ready(&item, "a", 1, SECOND).await?;
    assert_eq!(waited.waited(), SECOND, "{waited:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_can_never_pass_is_refused_at_once_even_where_others_wait() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(3);
    limiter.until_ready(&item, "a", 3, HOUR).await?;
    let other = caller(&limiter, item, 3, HOUR).await;
    let refused = limiter.until_ready(&item, "a", 4, HOUR).await;
    let Err(WaitError::Never(decision)) = refused else {
        return Err(format!("a cost of 4 of 3: {refused:?}").into());
    };
    assert_eq!(decision.retry_after(), None, "{decision:?}");
    let nothing = RateLimitItem::per_second(0);
    let refused = limiter.until_ready(&nothing, "b", 1, HOUR).await;
    assert!(matches!(refused, Err(WaitError::Never(_))), "{refused:?}");
    passed(other).await?;
    Ok(())
}

/// C2, test 2: leaky-bucket#20.
#[tokio::test(start_paused = true)]
async fn a_hit_overtakes_nobody_who_waits() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(10);
    limiter.until_ready(&item, "a", 10, HOUR).await?;
    let first = caller(&limiter, item, 5, HOUR).await;
    advance(SECOND / 5).await;
    // Two units are there, for the one who waits for five.
    let refused = limiter.hit(&item, "a", 1).await?;
    assert!(!refused.allowed(), "{refused:?}");
    assert_eq!(refused.origin(), Origin::Queued);
    let wait = refused.retry_after().map(|wait| wait.as_millis());
    assert_eq!(wait, Some(400), "{refused:?}");
    // A question, another key and the limiter itself are not held up.
    assert!(limiter.hit(&item, "a", 0).await?.allowed());
    assert!(limiter.hit(&item, "b", 1).await?.allowed());
    assert!(limiter.limiter().hit(&item, "a", 1).await?.allowed());
    assert_eq!(passed(first).await?, 600);
    assert!(!limiter.hit(&item, "a", 1).await?.allowed());
    advance(SECOND / 10).await;
    assert!(limiter.hit(&item, "a", 1).await?.allowed());
    Ok(())
}

/// C2, test 3: leaky-bucket#30.
#[tokio::test(start_paused = true)]
async fn the_longest_idle_time_overflows_nothing() -> Outcome {
    let clock = Arc::new(ManualClock::default());
    let limiter = RateLimiter::with_clock(MemoryStorage::new(), ByHand(Arc::clone(&clock)));
    let limiter: WaitingRateLimiter<Gcra, _, _> = WaitingRateLimiter::new(limiter);
    let item = RateLimitItem::per_year(1);
    for now in [0, u64::MAX / 2] {
        clock.set(Timestamp::from_micros(now));
        limiter.until_ready(&item, "a", 1, Duration::MAX).await?;
        let refused = limiter.until_ready(&item, "a", 1, HOUR).await;
        assert!(
            matches!(refused, Err(WaitError::TooLong(_))),
            "at {now}: {refused:?}"
        );
    }
    Ok(())
}

struct ByHand(Arc<ManualClock>);

impl Clock for ByHand {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_storage_is_said_at_once_and_holds_nobody_up() -> Outcome {
    let limiter = remote::<Fixed>();
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let first = caller(&limiter, item, 1, HOUR).await;
    sleep(WAY * 3).await;
    limiter.limiter().storage().fail(1);
    let second = caller(&limiter, item, 1, HOUR).await;
    let (failed, _) = first.await?;
    assert!(matches!(failed, Err(WaitError::Storage(_))), "{failed:?}");
    passed(second).await?;
    assert_eq!(limiter.waiters(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_not_polled_holds_nobody_up() -> Outcome {
    let limiter = remote::<Fixed>();
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let mut stuck = pin!(limiter.until_ready(&item, "a", 1, HOUR));
    let polled = poll_fn(|context| Poll::Ready(stuck.as_mut().poll(context))).await;
    assert!(polled.is_pending(), "{polled:?}");
    sleep(WAY * 3).await;
    let second = caller(&limiter, item, 1, HOUR).await;
    let at = passed(second).await?;
    assert!((1_900..2_100).contains(&at), "after {at} ms");
    // It was given its units in its turn, when nobody looked.
    let waited = stuck.await?;
    assert!(waited.decision().allowed(), "{waited:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_tokio_is_that_of_the_wait() {
    let start = TokioClock.now();
    sleep(HOUR).await;
    assert_eq!(TokioClock.now().saturating_since(start).to_duration(), HOUR);
}
