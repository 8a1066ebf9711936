//! Browsers that ask from another origin.

use http::{HeaderName, Method};
use limits::http::Policies;
use tower_http::cors::{Any, CorsLayer};

use super::server::{Server, limited, memory, policy, routes};

fn preflight(server: &Server) -> http::request::Builder {
    let request = server.request("/").method(Method::OPTIONS);
    let request = request.header("origin", "http://a.example");
    request.header("access-control-request-method", "GET")
}

fn policies() -> Policies {
    Policies::new(memory()).with(policy("api", "1/hour"))
}

/// Bamboo-agent#169.
#[tokio::test]
async fn a_hundred_preflights_are_not_counted() {
    let server = Server::start(limited(policies())).await;
    for _ in 0..100 {
        assert_eq!(server.ask(preflight(&server)).await.status, 200);
    }
    assert_eq!(server.statuses("/", 2).await, [200, 429]);
}

#[tokio::test]
async fn other_requests_for_options_are_counted() {
    let server = Server::start(limited(policies())).await;
    let options = || server.request("/").method(Method::OPTIONS);
    assert_eq!(server.ask(options()).await.status, 200);
    assert_eq!(
        server
            .ask(options().header("origin", "http://a.example"))
            .await
            .status,
        429
    );
}

#[tokio::test]
async fn preflights_can_be_counted() {
    let server = Server::start(limited(policies().counting_preflights())).await;
    assert_eq!(server.ask(preflight(&server)).await.status, 200);
    assert_eq!(server.ask(preflight(&server)).await.status, 429);
}

/// agentgateway#926: a refusal without headers of CORS is a failure of the network.
#[tokio::test]
async fn a_refusal_has_the_headers_of_cors_if_their_layer_is_outside() {
    let exposed = ["ratelimit", "ratelimit-policy", "retry-after"].map(HeaderName::from_static);
    let cors = CorsLayer::new().allow_origin(Any).expose_headers(exposed);
    let layer = policies().layer().expect("policies that are right");
    let server = Server::start(routes().layer(layer).layer(cors)).await;
    assert_eq!(server.ask(preflight(&server)).await.status, 200);
    assert_eq!(server.get("/").await.status, 200);
    let refused = server
        .ask(server.request("/").header("origin", "http://a.example"))
        .await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    let exposed = refused.header("access-control-expose-headers");
    assert_eq!(exposed, Some("ratelimit,ratelimit-policy,retry-after"));
    assert_eq!(refused.number("retry-after"), Some(3_600));
}
