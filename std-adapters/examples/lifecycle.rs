//! Connects, has a hundred requests of ten users pass a limit, and resets at the end,
//! whatever happened.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example lifecycle -- --storage redis://localhost
//! ```

use core::error::Error;
use core::time::Duration;

use clap::Parser;
use limits::{
    AnyRateLimiter, RateLimitItem, Storage, StorageError, StrategyName, storage_from_string,
};
use tokio::time::sleep;

#[derive(Parser)]
struct Options {
    /// Where to count; all its limits are forgotten at the end
    #[arg(long, default_value = "memory://")]
    storage: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let storage = storage_from_string(&options.storage)?;
    // Storages connect with the first call: this one finds out whether they can.
    storage.check().await?;
    let limiter = storage.limiter(StrategyName::MovingWindow)?;
    let processed = process_requests(&limiter).await;
    let keys = limiter.storage().reset().await?;
    println!("{} requests processed, {keys} keys reset", processed?);
    Ok(())
}

async fn process_requests(limiter: &AnyRateLimiter) -> Result<u32, StorageError> {
    let rate_limit = RateLimitItem::per_minute(5);
    let mut processed = 0;
    for request in 0..100 {
        let user = format!("user_{}", request % 10);
        if limiter.hit(&rate_limit, &user, 1).await?.allowed() {
            sleep(Duration::from_millis(1)).await;
            processed += 1;
        } else {
            println!("rate limit exceeded for {user}");
        }
    }
    Ok(processed)
}
