//! In real time, from many threads, and over a real server.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use limits::window::{Fixed, Moving};
use limits::{
    Keeps, MemoryStorage, RateLimitItem, RateLimiter, RedisStorage, StorageError, SystemClock,
    WaitingRateLimiter,
};
use limits_tests::servers::RedisServer;
use tokio::task::JoinSet;

use super::Outcome;

/// Two processes' lines over one storage: in every interval of a second ten hits pass.
async fn forty_pass_in_time<S>(storages: [S; 2], late: Duration) -> Outcome
where
    S: Keeps<Moving, Error = StorageError> + Send + Sync + 'static,
{
    let item = RateLimitItem::per_second(10);
    let start = Instant::now();
    let mut done = JoinSet::new();
    for storage in storages {
        let limiter: RateLimiter<Moving, S, SystemClock> = RateLimiter::new(storage);
        let limiter = WaitingRateLimiter::new(limiter);
        for _ in 0..20 {
            let limiter = limiter.clone();
            done.spawn(async move {
                let within = Duration::from_secs(60);
                limiter.until_ready(&item, "a", 1, within).await.map(drop)
            });
        }
    }
    while let Some(answer) = done.join_next().await {
        answer??;
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(2_990), "{took:?}");
    assert!(took <= Duration::from_secs(3) + late, "{took:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_memory_all_pass_as_soon_as_they_can() -> Outcome {
    let storage = Arc::new(MemoryStorage::new());
    forty_pass_in_time([Arc::clone(&storage), storage], Duration::from_millis(500)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_a_server_all_pass_as_soon_as_they_can() -> Outcome {
    let server = RedisServer::start()?;
    let uri = server.uri() + "?response_timeout_ms=5000";
    let storages = [RedisStorage::from_uri(&uri)?, RedisStorage::from_uri(&uri)?];
    forty_pass_in_time(storages, Duration::from_secs(1)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_dropped_over_a_server_take_nothing() -> Outcome {
    let server = RedisServer::start()?;
    let limiter: RateLimiter<Fixed, _, SystemClock> =
        RateLimiter::new(RedisStorage::from_uri(&server.uri())?);
    let limiter = WaitingRateLimiter::new(limiter);
    let item = RateLimitItem::per_hour(1_000);
    let mut done = JoinSet::new();
    for micros in 0..400 {
        let limiter = limiter.clone();
        done.spawn(async move {
            let within = Duration::from_secs(60);
            let wait = limiter.until_ready(&item, "a", 1, within);
            let patience = Duration::from_micros(micros * 10);
            tokio::select! {
                answer = wait => answer.is_ok(),
                () = tokio::time::sleep(patience) => false,
            }
        });
    }
    let mut kept = 0;
    while let Some(answer) = done.join_next().await {
        kept += u64::from(answer?);
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let stats = limiter.limiter().get_window_stats(&item, "a").await?;
        if stats.remaining == 1_000 - kept {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "{kept} were kept: {stats:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
