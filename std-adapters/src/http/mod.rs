//! Rate limits for HTTP servers: one [tower](https://docs.rs/tower) layer for axum, hyper and
//! tonic.
//!
//! A limited axum service over Redis:
//!
//! ```no_run
//! # #[cfg(all(feature = "axum", feature = "redis"))]
//! # mod server {
//! use std::net::SocketAddr;
//!
//! use axum::{Router, routing::get};
//! use limits::http::{ClientAddress, ForwardedHeader, Policies, Policy};
//! use limits::storage_from_string;
//! use tokio::net::TcpListener;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let proxies = ["10.0.0.0/8".parse()?];
//!     let client = ClientAddress::peer().trusting(proxies, ForwardedHeader::XForwardedFor);
//!
//!     let limits = Policies::new(storage_from_string("redis://localhost:6379")?)
//!         .with(Policy::new("client", "10/second; 1000/hour".parse()?).per_client(client.clone()))
//!         .with(
//!             Policy::new("logins", "5/minute".parse()?)
//!                 .per_client(client)
//!                 .when(|request| request.uri.path() == "/login"),
//!         )
//!         .exempt(|request| request.uri.path() == "/health")
//!         .on_error(|error| eprintln!("limits: {error}"))
//!         .layer()?;
//!
//!     let router = Router::new()
//!         .route("/", get(async || "hello"))
//!         .layer(limits);
//!     let listener = TcpListener::bind("0.0.0.0:8080").await?;
//!     // Without this axum does not say who the peer is, and all clients count as one.
//!     let service = router.into_make_service_with_connect_info::<SocketAddr>();
//!     axum::serve(listener, service).await?;
//!     Ok(())
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! # What happens to a request
//!
//! 1. Preflights of browsers and [exempt](Policies::exempt) requests pass uncounted.
//! 2. Each [`Policy`] whose conditions hold finds its caller, its limits and its cost.
//! 3. One hit asks all of them: it is charged to each or, when one refuses, to none. So the
//!    answer and its `Retry-After` are exact for the whole.
//! 4. A request that passes goes to the service, with the [`Verdict`] in its extensions. What
//!    its answer says was used is [settled](Policy::settle_by). The answer gets headers in the
//!    chosen [style](HeaderStyle); bodies pass as they are, however long they stream.
//! 5. A refused one is answered with 429 and `application/problem+json`, or as
//!    [chosen](Policies::on_refusal); one of gRPC with `RESOURCE_EXHAUSTED` (feature `grpc`).
//! 6. When the storage fails, requests pass without headers, or are refused with the status
//!    [chosen](Policies::on_failure).
//!
//! # Layers around it
//!
//! Outside, which is *after* it in a chain of axum's `.layer(…)`: what answers or checks before
//! limits are asked, and what adds to their refusals, such as tower-http's `CorsLayer`. Without
//! its headers a browser shows a refusal as a failure of the network; let it expose
//! `RateLimit`, `RateLimit-Policy` and `Retry-After`.
//!
//! Cost: in memory some microseconds, most of them for the headers; on a server one round trip,
//! one more for each shadow policy, and one for each limit that is settled.

mod address;
mod asked;
mod caller;
mod counter;
mod decide;
mod error;
mod grpc;
mod hash;
mod headers;
mod layer;
mod limits;
mod policies;
mod policy;
mod preflight;
mod problem;
mod refusal;
mod service;
mod settle;
mod verdict;

pub use address::{ClientAddress, ForwardedHeader, PeerAddress};
pub use caller::Missing;
pub use error::PolicyError;
pub use headers::HeaderStyle;
pub use layer::RateLimitLayer;
pub use limits::Limits;
pub use policies::{Failure, Policies};
pub use policy::{Policy, Visibility};
pub use refusal::{Reason, Refusal};
pub use service::{RateLimit, ResponseBody};
pub use verdict::{Outcome, Verdict};
