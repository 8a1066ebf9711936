//! A client that paces itself: by a limit of its own, and by the `Retry-After` of the server.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example axum -- --limit 3/second &
//! $ cargo run --release -p limits --all-features --example paced_client -- \
//!       --url http://127.0.0.1:8080/api/data --requests 10
//! ```

use core::error::Error;
use core::time::Duration;

use clap::Parser;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode, Uri};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use limits::{
    Clock, Guarded, MemoryStorage, Micros, MovingWindowRateLimiter, RateLimitItem, SystemClock,
    WaitingRateLimiter,
};

#[derive(Parser)]
struct Options {
    /// What to ask for
    #[arg(long)]
    url: Uri,
    /// How many answers are wanted
    #[arg(long, default_value_t = 10)]
    requests: u32,
    /// What the client may do at most
    #[arg(long, default_value = "10/second")]
    limit: RateLimitItem<'static>,
}

/// How long to wait for a turn at most.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let host = options.url.host().ok_or("a URL with a host")?;
    let storage = Guarded::new(MemoryStorage::new(), MemoryStorage::new());
    let limiter = WaitingRateLimiter::new(MovingWindowRateLimiter::new(storage));
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
    let (mut answered, mut refused) = (0, 0);
    while answered < options.requests {
        limiter
            .until_ready(&options.limit, host, 1, PATIENCE)
            .await?;
        let response = client.get(options.url.clone()).await?;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            refused += 1;
            let until = SystemClock.now().saturating_add(retry_after(&response));
            let storage = limiter.limiter().storage();
            storage.block_until(&options.limit, host, until, SystemClock.now())?;
        } else {
            answered += 1;
        }
    }
    println!("{answered} answered, {refused} refused");
    Ok(())
}

/// What the server asks for; a second if it says nothing.
fn retry_after<B>(response: &Response<B>) -> Micros {
    let header = response.headers().get(RETRY_AFTER);
    let seconds = header.and_then(|header| header.to_str().ok()?.parse().ok());
    Micros::from_secs(seconds.unwrap_or(1))
}
