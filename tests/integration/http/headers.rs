//! What answers say about limits.

use std::time::{SystemTime, UNIX_EPOCH};

use limits::http::{HeaderStyle, Policies};

use super::server::{Answer, Server, limited, memory, policy, routes, storages};

async fn two(policies: Policies) -> [Answer; 2] {
    let server = Server::start(limited(policies)).await;
    [server.get("/").await, server.get("/").await]
}

/// Kuadrant/limitador#517, agentgateway#2351: on every answer. spoo-me/spoo#273: but
/// `Retry-After` on refusals only.
#[tokio::test]
async fn admitted_and_refused_answers_have_them() {
    for kept in storages() {
        let [admitted, refused] =
            two(Policies::new(kept.storage).with(policy("api", "1/hour"))).await;
        for answer in [&admitted, &refused] {
            let policy = answer.header("ratelimit-policy").expect("a policy");
            assert!(policy.starts_with(r#""api";q=1;w=3600;pk=:"#), "{policy}");
            let limit = answer.header("ratelimit").expect("a limit");
            assert!(limit.starts_with(r#""api";r=0;t=3600;pk=:"#), "{limit}");
        }
        assert_eq!((admitted.status, refused.status), (200, 429));
        assert_eq!(admitted.header("retry-after"), None);
        assert_eq!(refused.number("retry-after"), Some(3_600));
    }
}

#[tokio::test]
async fn every_answer_of_the_service_has_them() {
    let server = Server::start(limited(
        Policies::new(memory()).with(policy("api", "9/hour")),
    ))
    .await;
    for status in [201, 302, 404, 500] {
        let answer = server.get(&format!("/status/{status}")).await;
        assert_eq!(answer.status, status);
        assert!(answer.header("ratelimit").is_some(), "{answer:?}");
        assert_eq!(answer.header("retry-after"), None);
    }
}

/// hashicorp/boundary#4094, balena-io/open-balena-api#1472, brandur/redis-cell#56.
#[tokio::test]
async fn retry_after_is_rounded_up_and_never_nothing() {
    use limits::StrategyName;

    for kept in storages() {
        let fast = policy("api", "100/second")
            .with_strategy(StrategyName::Gcra)
            .with_cost(100);
        let [admitted, refused] = two(Policies::new(kept.storage).with(fast)).await;
        assert_eq!((admitted.status, refused.status), (200, 429));
        assert_eq!(refused.number("retry-after"), Some(1));
    }
}

#[tokio::test]
async fn the_older_styles_can_be_chosen() {
    let styles = [
        (HeaderStyle::IetfDraft06, "ratelimit"),
        (HeaderStyle::XRateLimitDelta, "x-ratelimit"),
    ];
    for (style, prefix) in styles {
        let policies = Policies::new(memory())
            .with(policy("api", "1/hour"))
            .with_headers(style);
        for answer in two(policies).await {
            let number = |name| answer.number(&format!("{prefix}-{name}"));
            assert_eq!(
                ["limit", "remaining", "reset"].map(number),
                [Some(1), Some(0), Some(3_600)]
            );
            assert_eq!(answer.header("ratelimit-policy"), None);
        }
    }
}

#[tokio::test]
async fn a_reset_since_the_epoch_is_with_a_date() {
    let policies = Policies::new(memory()).with(policy("api", "1/hour"));
    for answer in two(policies.with_headers(HeaderStyle::XRateLimitEpoch)).await {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs();
        let reset = answer.number("x-ratelimit-reset").expect("an instant");
        assert!(reset.abs_diff(now + 3_600) <= 2, "{reset} of {now}");
        assert!(answer.header("date").is_some());
    }
}

#[tokio::test]
async fn they_can_be_left_out() {
    let policies = Policies::new(memory()).with(policy("api", "1/hour"));
    let [admitted, refused] = two(policies.with_headers(HeaderStyle::Off)).await;
    assert_eq!(admitted.header("ratelimit"), None);
    assert_eq!(refused.header("ratelimit"), None);
    assert_eq!(refused.number("retry-after"), Some(3_600));
}

#[tokio::test]
async fn those_of_the_service_stay() {
    use axum::response::AppendHeaders;
    use axum::routing::get;

    let own = async || AppendHeaders([("ratelimit", r#""own";r=1;t=1"#)]);
    let layer = Policies::new(memory())
        .with(policy("api", "9/hour"))
        .layer();
    let layer = layer.expect("policies that are right");
    let server = Server::start(routes().route("/own", get(own)).layer(layer)).await;
    let answer = server.get("/own").await;
    let values: Vec<_> = answer.headers.get_all("ratelimit").iter().collect();
    assert_eq!(values.len(), 2);
    assert_eq!(values[0], r#""own";r=1;t=1"#);
}

#[tokio::test]
async fn a_partition_key_tells_clients_apart_and_not_who_they_are() {
    let policy = policy("api", "9/hour").per(|request| request.uri.query().map(str::to_owned));
    let server = Server::start(limited(Policies::new(memory()).with(policy))).await;
    let partition = async |path: &str| {
        let answer = server.get(path).await;
        let header = answer.header("ratelimit-policy").expect("a policy");
        header.split_once("pk=").map(|(_, key)| key.to_owned())
    };
    let (one, other) = (partition("/?alice").await, partition("/?bob").await);
    assert!(
        one.is_some() && other.is_some() && one != other,
        "{one:?} {other:?}"
    );
    assert_eq!(partition("/?alice").await, one);
    assert_eq!(partition("/").await, None);
}
