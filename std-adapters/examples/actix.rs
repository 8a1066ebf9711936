//! A limited actix-web service, by that framework's own middleware: `GET /`.
//!
//! ```console
//! $ cargo run --release -p limits --all-features --example actix -- \
//!       --listen 127.0.0.1:8080 --storage redis://localhost:6379 --limit 10/second
//! $ curl -i http://127.0.0.1:8080/
//! ```

use core::error::Error;
use core::net::SocketAddr;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorBadRequest, ErrorServiceUnavailable};
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, get};
use actix_web::{App, HttpResponse, HttpServer};
use clap::Parser;
use limits::{AnyRateLimiter, RateLimitItem, StrategyName, storage_from_string};

#[derive(Parser)]
struct Options {
    /// Where to listen; port 0 is any that is free
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where to count
    #[arg(long, default_value = "memory://")]
    storage: String,
    /// What each client may do
    #[arg(long, default_value = "10/second")]
    limit: RateLimitItem<'static>,
}

struct Limit {
    limiter: AnyRateLimiter,
    item: RateLimitItem<'static>,
}

async fn limited<B: MessageBody>(
    limit: Data<Limit>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let peer = request
        .peer_addr()
        .ok_or_else(|| ErrorBadRequest("no peer"))?;
    let client = peer.ip().to_string();
    // One call decides, and its answer has all that headers need.
    let decision = limit.limiter.hit(&limit.item, &client, 1).await;
    let decision = decision.map_err(ErrorServiceUnavailable)?;
    if !decision.allowed() {
        let after = decision.retry_after().unwrap_or_default();
        let refused = HttpResponse::TooManyRequests()
            .insert_header((RETRY_AFTER, after.as_secs() + 1))
            .body("rate limit exceeded\n");
        return Ok(request.into_response(refused).map_into_right_body());
    }
    let mut response = next.call(request).await?.map_into_left_body();
    let remaining = HeaderName::from_static("x-ratelimit-remaining");
    let headers = response.headers_mut();
    headers.insert(remaining, HeaderValue::from(decision.remaining()));
    Ok(response)
}

async fn hello() -> &'static str {
    "Hello, World!\n"
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let storage = storage_from_string(&options.storage)?;
    let limit = Data::new(Limit {
        limiter: storage.limiter(StrategyName::SlidingWindowCounter)?,
        item: options.limit,
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::clone(&limit))
            .wrap(from_fn(limited))
            .route("/", get().to(hello))
    });
    let server = server.workers(2).bind(options.listen)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    Ok(server.run().await?)
}
