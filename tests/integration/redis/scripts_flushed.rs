//! Servers that forget the scripts, as they do when somebody flushes them or when
//! a replica takes over: no caller learns of it.

use futures_util::future::join_all;
use limits::{RateLimiter, StrategyName, SystemClock};
use limits_core::{RateLimitItem, Storage};
use limits_tests::servers::RedisServer;
use redis::Client;
use redis::aio::MultiplexedConnection;
use tokio::runtime::Builder;

use crate::server::Server;

#[test]
fn every_call_works_after_the_scripts_are_flushed() {
    let server = Server::start();
    let item = RateLimitItem::per_hour(3);
    for strategy in StrategyName::ALL {
        let storage = server.storage();
        let limiter = RateLimiter::with_strategy(*strategy, storage, SystemClock);
        for remaining in [2, 1, 0] {
            let () = server.ask(&["SCRIPT", "FLUSH"]);
            let test = server.wait(limiter.test(&item, "u", 1)).expect("it reads");
            assert!(test.allowed(), "{strategy:?}: {test:?}");
            let () = server.ask(&["SCRIPT", "FLUSH"]);
            let hit = server.wait(limiter.hit(&item, "u", 1)).expect("it counts");
            assert_eq!(
                (hit.allowed(), hit.remaining()),
                (true, remaining),
                "{strategy:?}"
            );
        }
        let () = server.ask(&["SCRIPT", "FLUSH"]);
        let hit = server.wait(limiter.hit(&item, "u", 1)).expect("it counts");
        assert!(!hit.allowed(), "{strategy:?}: {hit:?}");
        server.wait(storage.reset()).expect("it resets");
    }
}

#[test]
fn exactly_the_limit_passes_while_the_scripts_are_flushed() {
    const TASKS: u64 = 50;
    const HITS: u64 = 30;
    const AMOUNT: u64 = 1_000;
    let server = Server::start();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("there is a runtime");
    let flusher = runtime.block_on(connection(server.process()));
    let item = RateLimitItem::per_hour(AMOUNT);
    for strategy in StrategyName::ALL {
        let storage = server.storage();
        let limiter = RateLimiter::with_strategy(*strategy, storage, SystemClock);
        let task = async |task: u64| {
            let (mut flusher, mut passed) = (flusher.clone(), 0);
            for number in 0..HITS {
                if (task + number).is_multiple_of(5) {
                    let flush = redis::cmd("SCRIPT").arg("FLUSH").to_owned();
                    let flushed = flush.exec_async(&mut flusher).await;
                    flushed.expect("Redis flushes");
                }
                let hit = limiter.hit(&item, "u", 1).await.expect("it counts");
                passed += u64::from(hit.allowed());
            }
            passed
        };
        let passed = runtime.block_on(join_all((0..TASKS).map(task)));
        assert_eq!(passed.iter().sum::<u64>(), AMOUNT, "{strategy:?}");
        server.wait(storage.reset()).expect("it resets");
    }
}

async fn connection(server: &RedisServer) -> MultiplexedConnection {
    let client = Client::open(server.uri()).expect("it is a URI");
    let connection = client.get_multiplexed_async_connection().await;
    connection.expect("Redis answers")
}
