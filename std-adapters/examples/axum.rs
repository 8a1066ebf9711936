//! A limited axum service: `GET /api/data`.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example axum -- \
//!       --listen 127.0.0.1:8080 --storage redis://localhost:6379 --limit '5/minute'
//! $ curl -i http://127.0.0.1:8080/api/data
//! ```
//!
//! `--limit` may be given several times: a request has to pass all of them. `--trust CIDR`, also
//! several times, believes `X-Forwarded-For` as far as peers of that network wrote it.

use core::error::Error;
use core::net::SocketAddr;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, serve};
use clap::Parser;
use ipnet::IpNet;
use limits::http::{ClientAddress, ForwardedHeader, Limits, Policies, Policy};
use limits::storage_from_string;
use tokio::net::TcpListener;

#[derive(Parser)]
struct Options {
    /// Where to listen; port 0 is any that is free
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where to count
    #[arg(long, default_value = "memory://")]
    storage: String,
    /// What each client may do, such as '5/minute'; several times for several limits
    #[arg(long = "limit", value_name = "LIMIT", required = true)]
    limits: Vec<Limits>,
    /// The network of a proxy whose X-Forwarded-For is believed
    #[arg(long = "trust", value_name = "CIDR")]
    trusted: Vec<IpNet>,
}

async fn data() -> impl IntoResponse {
    let json = [(CONTENT_TYPE, "application/json")];
    (json, r#"{"message":"Data retrieved successfully"}"#)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let address = ClientAddress::peer();
    let address = address.trusting(options.trusted, ForwardedHeader::XForwardedFor);
    let limits = options.limits.iter().flat_map(Limits::items).copied();
    let layer = Policies::new(storage_from_string(&options.storage)?)
        .with(Policy::new("client", limits.collect()).per_client(address))
        .on_error(|error| eprintln!("{error}"))
        .layer()?;
    let router = Router::new().route("/api/data", get(data)).layer(layer);

    let listener = TcpListener::bind(options.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(serve(listener, service).await?)
}
