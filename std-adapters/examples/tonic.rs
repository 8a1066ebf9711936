//! A limited gRPC server, here of the health checks of gRPC.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example tonic -- \
//!       --listen 127.0.0.1:50051 --storage redis://localhost:6379 --limit '5/minute'
//! ```
//!
//! A refused call ends with `RESOURCE_EXHAUSTED`, and `RetryInfo` in its details says when to try
//! again.

use core::error::Error;
use core::net::SocketAddr;

use clap::Parser;
use limits::http::{ClientAddress, Limits, Policies, Policy};
use limits::storage_from_string;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

#[derive(Parser)]
struct Options {
    /// Where to listen; port 0 is any that is free
    #[arg(long, default_value = "127.0.0.1:50051")]
    listen: SocketAddr,
    /// Where to count
    #[arg(long, default_value = "memory://")]
    storage: String,
    /// What each client may do
    #[arg(long, default_value = "5/minute")]
    limit: Limits,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let layer = Policies::new(storage_from_string(&options.storage)?)
        .with(Policy::new("client", options.limit).per_client(ClientAddress::peer()))
        .on_error(|error| eprintln!("{error}"))
        .layer()?;
    let (_, health) = tonic_health::server::health_reporter();

    let listener = TcpListener::bind(options.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = Server::builder().layer(layer).add_service(health);
    Ok(server
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?)
}
