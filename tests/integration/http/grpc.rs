//! Refusals of gRPC, over a real connection of tonic.

use core::time::Duration;

use limits::http::{Failure, Policies};
use limits::storage_from_string;
use limits_tests::servers::RedisServer;
use tonic::client::Grpc;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use super::server::{Server, limited, policy, storages};

/// Calls a method of a server, with an empty message.
async fn call(server: &Server) -> Status {
    let endpoint = Endpoint::try_from(format!("http://127.0.0.1:{}", server.port()));
    let channel = endpoint
        .expect("an address")
        .connect()
        .await
        .expect("a connection");
    let mut client = Grpc::new(channel);
    client.ready().await.expect("ready");
    let path = http::uri::PathAndQuery::from_static("/a.Service/Method");
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    client
        .unary(Request::new(()), path, codec)
        .await
        .expect_err("no service answers")
}

/// chainloop#3054, letsencrypt/boulder#6682: clients try again only if they are told when.
#[tokio::test]
async fn a_refusal_is_resource_exhausted_with_retry_info() {
    for kept in storages() {
        let policies = Policies::new(kept.storage).with(policy("api", "1/hour"));
        let server = Server::start(limited(policies)).await;
        assert_ne!(call(&server).await.code(), Code::ResourceExhausted);
        let refused = call(&server).await;
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let retry = refused
            .get_details_retry_info()
            .and_then(|info| info.retry_delay);
        let retry = retry.expect("when to come back");
        let hour = Duration::from_secs(3_600);
        assert!(
            retry <= hour && hour - retry < Duration::from_secs(5),
            "{retry:?}"
        );
        let quota = refused
            .get_details_quota_failure()
            .expect("what was violated");
        assert_eq!(quota.violations[0].subject, "api");
        assert_eq!(quota.violations[0].description, "1 per 1 hour");
        assert!(refused.metadata().get("ratelimit").is_some());
    }
}

#[tokio::test]
async fn a_failed_storage_is_unavailable_if_that_was_chosen() {
    let redis = RedisServer::start().expect("Redis starts");
    let storage = storage_from_string(&redis.uri()).expect("a URI");
    drop(redis);
    let failure = Failure::Refuse(http::StatusCode::SERVICE_UNAVAILABLE);
    let policies = Policies::new(storage)
        .with(policy("api", "1/hour"))
        .on_failure(failure);
    let server = Server::start(limited(policies)).await;
    assert_eq!(call(&server).await.code(), Code::Unavailable);
}
