//! Requests of several users at once, each counted exactly.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example batch
//! ```

use core::error::Error;
use std::collections::BTreeSet;
use std::sync::Arc;

use limits::{FixedWindowRateLimiter, MemoryStorage, RateLimitItem};
use tokio::task::JoinSet;

const BATCH: [(&str, u32); 4] = [("user1", 5), ("user2", 10), ("user3", 3), ("user1", 2)];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let rate_limit = RateLimitItem::per_minute(6);
    let limiter = Arc::new(FixedWindowRateLimiter::new(MemoryStorage::new()));
    let mut tasks = JoinSet::new();
    for (user, requests) in BATCH {
        let limiter = Arc::clone(&limiter);
        tasks.spawn(async move {
            let mut allowed = 0;
            for _ in 0..requests {
                allowed += u32::from(limiter.hit(&rate_limit, user, 1).await?.allowed());
            }
            Ok::<_, limits::StorageError>((user, requests, allowed))
        });
    }
    while let Some(done) = tasks.join_next().await {
        let (user, requests, allowed) = done??;
        println!("{user}: {allowed} of {requests} allowed");
    }
    for user in BATCH
        .map(|(user, _)| user)
        .into_iter()
        .collect::<BTreeSet<_>>()
    {
        let stats = limiter.get_window_stats(&rate_limit, user).await?;
        println!("{user}: {} remaining", stats.remaining);
    }
    Ok(())
}
