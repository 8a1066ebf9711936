//! Hits one limit, in memory or on a server.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example basic -- --storage redis://localhost
//! ```

use core::error::Error;

use clap::Parser;
use limits::{RateLimitItem, StrategyName, storage_from_string};

#[derive(Parser)]
struct Options {
    /// Where to count
    #[arg(long, default_value = "memory://")]
    storage: String,
    /// How to count
    #[arg(long, default_value = "fixed-window")]
    strategy: StrategyName,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let rate_limit = RateLimitItem::per_minute(3);
    let limiter = storage_from_string(&options.storage)?.limiter(options.strategy)?;
    for _ in 0..4 {
        // One call takes the unit and tells whether there was one: between a test and a hit
        // somebody else might come.
        let decision = limiter.hit(&rate_limit, "user123", 1).await?;
        if decision.allowed() {
            println!("request allowed, {} left", decision.remaining());
        } else {
            let seconds = decision
                .retry_after()
                .map_or(0, |after| after.as_secs() + 1);
            println!("rate limit exceeded, come back in {seconds} s");
        }
    }
    let stats = limiter.get_window_stats(&rate_limit, "user123").await?;
    println!(
        "{} remaining, reset in {} s",
        stats.remaining,
        stats.reset_after().as_secs() + 1
    );
    Ok(())
}
