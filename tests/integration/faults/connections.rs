use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Instant;

use limits::StorageErrorKind::{Timeout, Unavailable};
use limits::{RateLimitItem, Storage, StorageErrorKind, StrategyName, storage_from_string};
use limits_tests::servers::RedisServer;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Outcome, alone};

/// More than a connection may take, on a busy machine.
const CONNECT_LIMIT: Duration = Duration::from_millis(1_000 + 1_000);

const SCHEMES: [&str; 3] = ["redis", "redis+cluster", "redis+sentinel"];

fn uri(scheme: &str, port: u16) -> String {
    let service = if scheme == "redis+sentinel" {
        "/mymaster"
    } else {
        ""
    };
    format!("{scheme}://:secret@127.0.0.1:{port}{service}")
}

async fn kind_of(uri: &str) -> Result<StorageErrorKind, Box<dyn core::error::Error>> {
    let storage = storage_from_string(uri)?;
    let start = Instant::now();
    let error = storage
        .check()
        .await
        .expect_err("nobody answers as Redis would");
    assert!(
        start.elapsed() < CONNECT_LIMIT,
        "{:?}: {error}",
        start.elapsed()
    );
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    // While the next attempt to connect is not due, calls fail at once.
    let limiter = storage.limiter(StrategyName::FixedWindow)?;
    let start = Instant::now();
    let hit = limiter.hit(&RateLimitItem::per_minute(1), "a", 1).await;
    assert_eq!(hit.expect_err("nor now").kind(), error.kind(), "{error}");
    assert!(start.elapsed() < CONNECT_LIMIT, "{:?}", start.elapsed());
    Ok(error.kind())
}

#[tokio::test]
async fn nobody_at_the_port_is_unavailable() -> Outcome {
    let _alone = alone().await;
    for scheme in SCHEMES {
        assert_eq!(kind_of(&uri(scheme, 1)).await?, Unavailable, "{scheme}");
    }
    Ok(())
}

#[tokio::test]
async fn somebody_who_never_answers_is_a_timeout() -> Outcome {
    every_topology_fails_as(Timeout, never_answer).await
}

#[tokio::test]
async fn somebody_who_hangs_up_is_unavailable() -> Outcome {
    every_topology_fails_as(Unavailable, async |stream| drop(stream)).await
}

#[tokio::test]
async fn somebody_who_speaks_another_language_is_unavailable() -> Outcome {
    every_topology_fails_as(Unavailable, async |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        never_answer(stream).await;
    })
    .await
}

#[tokio::test]
async fn callers_who_keep_coming_mostly_fail_at_once_while_a_server_hangs() -> Outcome {
    let _alone = alone().await;
    let port = serve(never_answer);
    let storage = Arc::new(storage_from_string(&uri("redis", port.await?))?);
    let mut calls = JoinSet::new();
    // Several attempts to connect, with pauses of up to a second between them.
    for _ in 0..5_000 {
        let storage = Arc::clone(&storage);
        calls.spawn(async move {
            let start = Instant::now();
            assert!(storage.check().await.is_err());
            start.elapsed()
        });
        sleep(Duration::from_millis(1)).await;
    }
    let times = calls.join_all().await;
    let longest = times.iter().max();
    assert!(longest < Some(&CONNECT_LIMIT), "{longest:?}");
    let at_once = times
        .iter()
        .filter(|time| **time < Duration::from_millis(20));
    let at_once = at_once.count();
    assert!(at_once > 1_000, "{at_once} of 5000 failed at once");
    Ok(())
}

/// The call itself panics, as documented; those with a runtime are as good as ever.
#[test]
fn a_call_without_a_runtime_harms_no_other() -> Outcome {
    let server = RedisServer::start()?;
    let storage = storage_from_string(&server.uri())?;
    for _ in 0..2 {
        let call = AssertUnwindSafe(|| limits::poll_once(storage.check()));
        assert!(catch_unwind(call).is_err(), "there is no runtime");
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // The last attempt may have counted as one that failed.
    runtime.block_on(async { sleep(Duration::from_millis(200)).await });
    runtime.block_on(storage.check())?;
    Ok(())
}

#[tokio::test]
async fn callers_of_little_patience_connect_together() -> Outcome {
    let _alone = alone().await;
    let server = RedisServer::start()?;
    let address = server.address();
    let slow = serve(move |mut stream| {
        let address = address.clone();
        async move {
            sleep(Duration::from_millis(300)).await;
            let Ok(mut server) = TcpStream::connect(address).await else {
                return;
            };
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
    });
    let storage = storage_from_string(&format!("redis://127.0.0.1:{}", slow.await?))?;
    let patience = Duration::from_millis(100);
    let mut calls = 0;
    while timeout(patience, storage.check()).await.is_err() {
        calls += 1;
        assert!(calls < 20, "nobody connects");
    }
    assert!(calls > 0, "the server was not slow");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_leave_the_connection_and_the_limit_whole() -> Outcome {
    let _alone = alone().await;
    let server = RedisServer::start()?;
    for strategy in StrategyName::ALL.iter().copied() {
        let limiter = storage_from_string(&server.uri())?.limiter(strategy)?;
        let limiter = Arc::new(limiter);
        let item = RateLimitItem::per_hour(400).with_namespace(strategy.as_str());
        let mut hits = JoinSet::new();
        for number in 0..300 {
            let limiter = Arc::clone(&limiter);
            hits.spawn(async move {
                let hit = limiter.hit(&item, "a", 1);
                let patience = Duration::from_micros(number * 7);
                timeout(patience, hit)
                    .await
                    .map_or(0, |hit| u64::from(hit.is_ok()))
            });
        }
        let answered: u64 = hits.join_all().await.into_iter().sum();
        let used = 400 - limiter.get_window_stats(&item, "a").await?.remaining;
        assert!(
            (answered..=300).contains(&used),
            "{answered} of {used}: {strategy}"
        );
        assert!(limiter.hit(&item, "a", 400 - used).await?.allowed());
        assert!(!limiter.hit(&item, "a", 1).await?.allowed());
    }
    Ok(())
}

async fn every_topology_fails_as<F, R>(kind: StorageErrorKind, answer: F) -> Outcome
where
    F: Fn(TcpStream) -> R + Copy + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let _alone = alone().await;
    for scheme in SCHEMES {
        let port = serve(answer).await?;
        assert_eq!(kind_of(&uri(scheme, port)).await?, kind, "{scheme}");
    }
    Ok(())
}

async fn never_answer(stream: TcpStream) {
    let _held = stream;
    sleep(Duration::from_secs(60)).await;
}

/// Lets `answer` have every connection to some port.
async fn serve<F, R>(answer: F) -> std::io::Result<u16>
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    Ok(port)
}
