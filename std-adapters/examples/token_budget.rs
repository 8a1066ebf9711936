//! A budget of tokens, as of a language model: how many an answer costs is known when it is
//! there, so each call reserves an estimate and settles it by what was used.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example token_budget
//! ```

use core::error::Error;
use core::time::Duration;
use std::sync::Arc;

use limits::{MemoryStorage, RateLimitItem, SlidingWindowCounterRateLimiter, StorageError};
use tokio::task::JoinSet;
use tokio::time::sleep;

type Limiter = SlidingWindowCounterRateLimiter<MemoryStorage>;

/// What a call may cost at most.
const ESTIMATE: u64 = 30;

/// Stands for the model: the tokens that an answer took.
async fn complete(prompt: u64) -> u64 {
    sleep(Duration::from_millis(20)).await;
    10 + prompt
}

/// Asks the model, if the budget has room for the estimate: the tokens that were used.
async fn ask(limiter: &Limiter, prompt: u64) -> Result<Option<u64>, StorageError> {
    let budget = RateLimitItem::per_hour(100).with_namespace("TOKENS");
    let Ok(reserved) = limiter.reserve(&budget, "team-7", ESTIMATE).await? else {
        return Ok(None);
    };
    // If this is dropped or panics, the estimate stays taken: nobody knows what was used.
    let used = complete(prompt).await;
    reserved.settle(used).await?;
    Ok(Some(used))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let limiter = Arc::new(Limiter::new(MemoryStorage::new()));
    let mut calls = JoinSet::new();
    for prompt in 0..5 {
        let limiter = Arc::clone(&limiter);
        calls.spawn(async move { ask(&limiter, prompt).await });
    }
    // Of 100 tokens three reservations of 30 fit at once; what they don't use is free again.
    let (mut answered, mut used, mut refused) = (0, 0, 0);
    while let Some(call) = calls.join_next().await {
        match call?? {
            Some(tokens) => (answered, used) = (answered + 1, used + tokens),
            None => refused += 1,
        }
    }
    println!("{answered} answered with {used} tokens, {refused} refused");
    let budget = RateLimitItem::per_hour(100).with_namespace("TOKENS");
    let left = limiter.get_window_stats(&budget, "team-7").await?.remaining;
    println!("{left} tokens left");
    Ok(())
}
