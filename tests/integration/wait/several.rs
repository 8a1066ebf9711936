//! Several limits at once.

use core::time::Duration;

use limits::window::Gcra;
use limits::{
    Ask, MemoryStorage, Origin, RateLimitItem, StrategyName, WaitError, storage_from_string,
};
use limits::{TokioClock, WaitingRateLimiter};
use tokio::task::{JoinSet, yield_now};
use tokio::time::Instant;

use super::{HOUR, Outcome, SECOND, waiting};

#[tokio::test(start_paused = true)]
async fn all_limits_are_waited_for_and_none_is_taken_before() -> Outcome {
    let storage = storage_from_string("memory://")?;
    let strategy = StrategyName::MovingWindow;
    let limiter = storage.limiter_with_clock(strategy, TokioClock)?;
    let limiter = WaitingRateLimiter::new(limiter);
    let (second, minute) = (RateLimitItem::per_second(1), RateLimitItem::per_minute(2));
    let asks = [&second, &minute].map(|item| Ask::new(strategy, item, "a", 1));
    let mut waits = Vec::new();
    for _ in 0..4 {
        let waited = limiter.until_ready_all(&asks, HOUR).await?;
        assert!(waited.decision().allowed(), "{waited:?}");
        waits.push(waited.waited().as_secs());
    }
    assert_eq!(waits, [0, 1, 59, 1]);
    let refused = limiter.until_ready_all(&asks, SECOND * 30).await;
    let Err(WaitError::TooLong(decisions)) = refused else {
        return Err(format!("a minute is not over: {refused:?}").into());
    };
    let binding = decisions.binding().map(limits::Decision::limit);
    assert_eq!(binding, Some(2), "{decisions:?}");
    // The limit that would have passed has not been touched since the last one.
    tokio::time::sleep(SECOND).await;
    let left = limiter.limiter().get_window_stats(&second, "a").await?;
    assert_eq!(left.remaining, 1, "{left:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_two_keys_holds_up_those_behind_it_at_both() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(1);
    for id in ["a", "b"] {
        limiter.until_ready(&item, id, 1, HOUR).await?;
    }
    let start = Instant::now();
    let mut done = JoinSet::new();
    for (name, ids) in [
        ("a", ["a"].as_slice()),
        ("both", &["a", "b"]),
        ("b", &["b"]),
    ] {
        let limiter = limiter.clone();
        done.spawn(async move {
            let asks: Vec<_> = ids.iter().map(|id| Ask::new(Gcra, &item, *id, 1)).collect();
            let answer = limiter.until_ready_all(&asks, HOUR).await;
            (name, answer.map(|_| start.elapsed().as_secs()))
        });
        yield_now().await;
    }
    let mut order = Vec::new();
    while let Some(answer) = done.join_next().await {
        let (name, at) = answer?;
        order.push((name, at?));
    }
    assert_eq!(order, [("a", 1), ("both", 2), ("b", 3)]);
    assert_eq!(limiter.waiters(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_hit_of_several_limits_overtakes_nobody_either() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(1);
    limiter.until_ready(&item, "a", 1, HOUR).await?;
    let waiting = {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.until_ready(&item, "a", 1, HOUR).await.is_ok() })
    };
    yield_now().await;
    let asks = ["b", "a"].map(|id| Ask::new(Gcra, &item, id, 1));
    let refused = limiter.hit_all(&asks).await?;
    let origins = refused.as_slice().iter().map(limits::Decision::origin);
    assert!(!refused.allowed(), "{refused:?}");
    assert!(origins.into_iter().all(|origin| origin == Origin::Queued));
    assert!(limiter.hit_all(&asks[..1]).await?.allowed());
    assert!(waiting.await?);
    Ok(())
}

/// Whatever the order of their keys, nobody waits for ever.
#[tokio::test(start_paused = true)]
async fn callers_for_many_keys_in_any_order_all_pass() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(2);
    let ids = ["a", "b", "c", "d", "e"];
    let mut done = JoinSet::new();
    for number in 0..200_usize {
        let limiter = limiter.clone();
        done.spawn(async move {
            let picked = (0..number % 4 + 1).map(|step| ids[(number * 3 + step * 2) % 5]);
            let asks: Vec<_> = picked.map(|id| Ask::new(Gcra, &item, id, 1)).collect();
            if number % 7 == 0 {
                let dropped = limiter.until_ready_all(&asks, HOUR);
                return tokio::time::timeout(Duration::from_millis(700), dropped)
                    .await
                    .is_ok();
            }
            limiter.until_ready_all(&asks, HOUR).await.is_ok()
        });
    }
    let mut passed = 0;
    while let Some(answer) = done.join_next().await {
        passed += usize::from(answer?);
    }
    assert!(passed >= 200 - 200_usize.div_ceil(7), "{passed} passed");
    assert_eq!(limiter.waiters(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_asks_for_one_key_stand_there_once() -> Outcome {
    let limiter = waiting::<Gcra, _>(MemoryStorage::new());
    let item = RateLimitItem::per_second(4);
    let asks = [1, 3].map(|cost| Ask::new(Gcra, &item, "a", cost));
    for expected in [0, 1_000, 1_000] {
        let waited = limiter.until_ready_all(&asks, HOUR).await?;
        assert_eq!(waited.waited().as_millis(), expected, "{waited:?}");
    }
    let none: [Ask<'_, Gcra>; 0] = [];
    assert!(limiter.until_ready_all(&none, HOUR).await.is_ok());
    Ok(())
}
