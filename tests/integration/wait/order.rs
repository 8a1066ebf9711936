//! Who is first.

use limits::window::Kind;
use limits::window::{Fixed, Gcra, Moving, SlidingCounter};
use limits::{Keeps, MemoryStorage, RateLimitItem, StorageError, WaitError};
use tokio::time::{advance, sleep};

use super::{HOUR, Outcome, SECOND, WAY, caller, passed, remote, waiting};

/// C2, test 1: leaky-bucket#34, ten times slower since no limit is finer than a second.
#[tokio::test(start_paused = true)]
async fn ten_arrivals_at_three_tokens_pass_in_order_and_two_find_no_room() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new()).with_max_waiters_per_key(5);
    let item = RateLimitItem::parse("3 per 3 seconds")?;
    let mut callers = Vec::new();
    for _ in 0..10 {
        callers.push(caller(&limiter, item, 1, HOUR).await);
    }
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await?);
    }
    let passed: Vec<_> = answers
        .iter()
        .filter(|(answer, _)| answer.is_ok())
        .collect();
    let times: Vec<_> = passed.iter().map(|(_, at)| *at).collect();
    assert_eq!(times, [0, 0, 0, 1_000, 2_000, 3_000, 4_000, 5_000]);
    for (refused, at) in &answers[8..] {
        let Err(WaitError::QueueFull(decision)) = refused else {
            return Err(format!("the line has five places: {refused:?}").into());
        };
        let wait = decision.retry_after().map(|wait| wait.as_secs());
        assert_eq!((*at, wait), (0, Some(6)), "{decision:?}");
    }
    Ok(())
}

async fn pass_in_order<K: Kind + Default>(expected: &[u128]) -> Outcome
where
    MemoryStorage: Keeps<K, Error = StorageError>,
{
    let limiter = waiting::<K, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(2);
    let mut callers = Vec::new();
    for _ in 0..7 {
        callers.push(caller(&limiter, item, 1, HOUR).await);
    }
    let mut times = Vec::new();
    for caller in callers {
        times.push(passed(caller).await?);
    }
    assert_eq!(times, expected, "{}", K::default().name());
    assert_eq!(limiter.waiters(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_strategy_lets_pass_in_order_as_soon_as_it_can() -> Outcome {
    pass_in_order::<Fixed>(&[0, 0, 1_000, 1_000, 2_000, 2_000, 3_000]).await?;
    pass_in_order::<Moving>(&[0, 0, 1_000, 1_000, 2_000, 2_000, 3_000]).await?;
    pass_in_order::<Gcra>(&[0, 0, 500, 1_000, 1_500, 2_000, 2_500]).await?;
    pass_in_order::<SlidingCounter>(&[0, 0, 1_001, 1_501, 2_001, 2_501, 3_001]).await
}

#[tokio::test(start_paused = true)]
async fn a_small_cost_does_not_overtake_a_large_one() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(10);
    limiter.until_ready(&item, "a", 10, HOUR).await?;
    let large = caller(&limiter, item, 10, HOUR).await;
    let small = caller(&limiter, item, 1, HOUR).await;
    assert_eq!(passed(large).await?, 1_000);
    assert_eq!(passed(small).await?, 1_100);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn only_the_first_one_asks_the_storage() -> Outcome {
    let limiter = remote::<Fixed>();
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let mut callers = vec![caller(&limiter, item, 1, HOUR).await];
    sleep(WAY * 3).await;
    let calls = || limiter.limiter().storage().take_calls();
    calls();
    for _ in 0..100 {
        callers.push(caller(&limiter, item, 1, HOUR).await);
    }
    advance(SECOND / 2).await;
    assert_eq!(calls(), 0);
    for caller in callers {
        passed(caller).await?;
    }
    // Each asks when it is first, and when its unit is there.
    let calls = calls();
    assert!(calls <= 202, "{calls} calls");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_limit_that_is_not_exceeded_do_not_wait_for_each_other() -> Outcome {
    let limiter = remote::<Moving>().with_max_waiters_per_key(1);
    let item = RateLimitItem::per_second(1_000);
    let mut callers = Vec::new();
    for _ in 0..1_000 {
        callers.push(caller(&limiter, item, 1, HOUR).await);
    }
    for caller in callers {
        assert_eq!(passed(caller).await?, 2 * WAY.as_millis());
    }
    Ok(())
}

/// C2, test 6: resilience4j#2489.
#[tokio::test(start_paused = true)]
async fn a_limit_that_is_lowered_while_eight_wait_holds_for_them() -> Outcome {
    let limiter = remote::<Gcra>();
    let item = RateLimitItem::per_second(8);
    limiter.until_ready(&item, "a", 8, HOUR).await?;
    let mut callers = Vec::new();
    for number in 0..8_u32 {
        callers.push(caller(&limiter, item, 1, SECOND * (number + 1)).await);
    }
    limiter.limiter().storage().lower_to(2);
    let mut passed = Vec::new();
    for caller in callers {
        match caller.await? {
            (Ok(_), at) => passed.push(at),
            (Err(WaitError::TooLong(_)), at) => assert!(at <= 8_000 + 20, "refused at {at} ms"),
            (other, at) => return Err(format!("at {at} ms: {other:?}").into()),
        }
    }
    let rates: Vec<_> = passed.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(passed.len() >= 4, "{passed:?}");
    assert!(rates.iter().all(|rate| *rate >= 500), "{passed:?}");
    Ok(())
}
