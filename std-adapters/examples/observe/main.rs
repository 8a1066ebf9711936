//! What a limiter does, for Prometheus and Grafana.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example observe -- \
//!       --listen 127.0.0.1:9100 --storage redis://localhost:6379
//! $ curl http://127.0.0.1:9100/metrics
//! $ curl http://127.0.0.1:9100/refused
//! ```
//!
//! Three users come at different rates. `/metrics` is for Prometheus, `dashboard.json` beside
//! this file for Grafana; `/refused` has the keys that were refused most.

use core::error::Error;
use core::net::SocketAddr;
use core::time::Duration;

use axum::routing::get;
use axum::{Router, serve};
use clap::Parser;
use limits::observe::{Metrics, MostRefused, Observed};
use limits::{
    AnyStorage, RateLimitItem, RateLimiter, StrategyName, SystemClock, storage_from_string,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::time::sleep;

#[derive(Parser)]
struct Options {
    /// Where to listen; port 0 is any that is free
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: SocketAddr,
    /// Where to count
    #[arg(long, default_value = "memory://")]
    storage: String,
}

type Limiter = RateLimiter<StrategyName, Observed<AnyStorage, (Metrics, MostRefused)>, SystemClock>;

/// Hits in the name of a user, again and again.
async fn come(limiter: &Limiter, user: &str, pause: Duration) {
    let item = RateLimitItem::per_second(20);
    loop {
        if let Err(error) = limiter.hit(&item, user, 1).await {
            eprintln!("{error}");
        }
        sleep(pause).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let recorder = PrometheusBuilder::new()
        .set_buckets(&[
            0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0,
        ])?
        .install_recorder()?;
    let refused = MostRefused::new(1_000);
    let observers = (Metrics::new("example"), refused.clone());
    let storage = Observed::new(storage_from_string(&options.storage)?, observers);
    let limiter = RateLimiter::with_strategy(StrategyName::MovingWindow, storage, SystemClock);

    let listener = TcpListener::bind(options.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let router = Router::new()
        .route("/metrics", get(async move || recorder.render()))
        .route(
            "/refused",
            get(async move || format!("{:#?}\n", refused.top(10))),
        );
    tokio::select! {
        served = serve(listener, router) => served?,
        () = come(&limiter, "slow", Duration::from_millis(200)) => {}
        () = come(&limiter, "fast", Duration::from_millis(40)) => {}
        () = come(&limiter, "greedy", Duration::from_millis(10)) => {}
    }
    Ok(())
}
