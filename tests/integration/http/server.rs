//! An axum server on a free port, and a client that asks it.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use limits::http::{ClientAddress, Policies, Policy};
use limits::{AnyStorage, storage_from_string};
use limits_tests::servers::RedisServer;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A storage, and the server behind it if there is one.
pub(super) struct Kept {
    pub(super) storage: AnyStorage,
    _server: Option<RedisServer>,
}

/// One that keeps its windows in this process, and one that keeps them in Redis.
pub(super) fn storages() -> [Kept; 2] {
    let server = RedisServer::start().expect("Redis starts");
    let redis = storage_from_string(&server.uri()).expect("a URI");
    [
        Kept {
            storage: memory(),
            _server: None,
        },
        Kept {
            storage: redis,
            _server: Some(server),
        },
    ]
}

pub(super) fn memory() -> AnyStorage {
    storage_from_string("memory://").expect("a URI")
}

/// A policy by clients' addresses.
pub(super) fn policy(name: &str, limits: &str) -> Policy {
    let limits = limits.parse().expect("limits");
    Policy::new(name, limits).per_client(ClientAddress::peer())
}

/// A router whose routes answer 200, but `/status/N`, which answers N.
pub(super) fn routes() -> Router {
    use axum::extract::Path;
    use axum::routing::any;

    let status = async |Path(status): Path<u16>| StatusCode::from_u16(status).expect("a status");
    Router::new()
        .route("/status/{status}", any(status))
        .fallback(any(async || "served"))
}

/// Those routes behind policies.
pub(super) fn limited(policies: Policies) -> Router {
    routes().layer(policies.layer().expect("policies that are right"))
}

/// A server that runs until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(router: Router) -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST.into(), router).await
    }

    pub(super) async fn start_on(address: IpAddr, router: Router) -> Self {
        let listener = TcpListener::bind((address, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serve = async move { axum::serve(listener, service).await.expect("it serves") };
        Self {
            address,
            task: tokio::spawn(serve),
        }
    }

    pub(super) const fn port(&self) -> u16 {
        self.address.port()
    }

    /// A request for a path, by IPv4 and GET.
    pub(super) fn request(&self, path: &str) -> http::request::Builder {
        Request::builder().uri(format!("http://127.0.0.1:{}{path}", self.port()))
    }

    /// Asks for a path.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(self.request(path)).await
    }

    /// Asks on a connection of its own.
    pub(super) async fn ask(&self, request: http::request::Builder) -> Answer {
        send(request).await
    }

    /// The statuses of so many requests for a path, one after another.
    pub(super) async fn statuses(&self, path: &str, requests: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..requests {
            statuses.push(self.get(path).await.status);
        }
        statuses
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks on a connection of its own.
pub(super) async fn send(request: http::request::Builder) -> Answer {
    let request = request.body(Body::empty()).expect("a request");
    Answer::read(client().request(request).await.expect("an answer")).await
}

/// A client by HTTP/1.1.
pub(super) fn client() -> HyperClient<HttpConnector, Body> {
    HyperClient::builder(TokioExecutor::new()).build_http()
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) async fn read<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Error: core::fmt::Debug>,
    {
        let (parts, body) = response.into_parts();
        let collected = tokio::time::timeout(Duration::from_secs(10), body.collect()).await;
        let body = collected
            .expect("the body ends in time")
            .expect("a body")
            .to_bytes();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    /// A header's value, `None` if it is not there.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("text"))
    }

    /// A header's value that is a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)
            .map(|number| number.parse().expect("a number"))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
