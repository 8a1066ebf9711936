//! Several limits, in a transaction where there are any.

use std::sync::Arc;

use limits::window::{Fixed, Moving};
use limits::{AnyStorage, Ask, MongoDbStorage, RateLimitItem, StrategyName, storage_from_string};
use limits_tests::servers::{MongoDbOptions, MongoDbServer};
use mongodb::bson::doc;
use tokio::task::JoinSet;

use super::server::PATIENT;

const TASKS: usize = 6;
const HITS: usize = 10;
const AMOUNT: u64 = 25;

fn uri(server: &MongoDbServer, database: &str) -> String {
    let uri = server.uri();
    let mark = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{mark}{PATIENT}&database_name={database}")
}

/// Has tasks hit two limits, half of them in the other order: how many hits passed.
async fn admitted(storages: &[Arc<AnyStorage>]) -> u64 {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let storage = Arc::clone(&storages[task % storages.len()]);
        tasks.spawn(async move {
            let limiter = storage.limiter(StrategyName::FixedWindow);
            let limiter = limiter.expect("it keeps fixed windows");
            let (one, other) = items();
            let mut asks = [
                Ask::new(StrategyName::FixedWindow, &one, "user-42", 1),
                Ask::new(StrategyName::MovingWindow, &other, "user-42", 1),
            ];
            if task % 2 == 0 {
                asks.reverse();
            }
            let mut admitted = 0;
            for _ in 0..HITS {
                let decisions = limiter.hit_all(&asks).await.expect("MongoDB answers");
                admitted += u64::from(decisions.allowed());
            }
            admitted
        });
    }
    tasks.join_all().await.into_iter().sum()
}

fn items() -> (RateLimitItem<'static>, RateLimitItem<'static>) {
    let (one, other) = (
        RateLimitItem::per_hour(AMOUNT),
        RateLimitItem::per_day(AMOUNT),
    );
    (one, other)
}

async fn left(storage: &MongoDbStorage) -> (u64, u64) {
    use limits::{Keeps, Timestamp};

    let (one, other) = items();
    let one = storage.peek(Ask::new(Fixed, &one, "user-42", 1), Timestamp::ZERO);
    let one = one.await.expect("MongoDB answers").remaining();
    let other = storage.peek(Ask::new(Moving, &other, "user-42", 1), Timestamp::ZERO);
    (one, other.await.expect("MongoDB answers").remaining())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_set_takes_all_units_or_none() {
    let server = MongoDbOptions::new().as_replica_set().start();
    let server = server.expect("MongoDB starts");
    let uri = uri(&server, "together");
    let storages = [0, 1].map(|_| Arc::new(storage_from_string(&uri).expect("the URI is right")));
    assert_eq!(admitted(&storages).await, AMOUNT);
    let storage = MongoDbStorage::from_uri(&uri).expect("the URI is right");
    assert_eq!(left(&storage).await, (0, 0));
    let status = server.command("admin", doc! { "serverStatus": 1 });
    let status = status.expect("MongoDB answers");
    let transactions = status.get_document("transactions").expect("it has any");
    let count = |name| transactions.get_i64(name).expect("it is counted");
    eprintln!("{transactions}");
    assert_eq!(
        count("totalCommitted"),
        i64::try_from(AMOUNT).expect("it is small")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_its_own_takes_no_more_than_all_units() {
    let server = MongoDbServer::start().expect("MongoDB starts");
    let uri = uri(&server, "together");
    let storages = [0, 1].map(|_| Arc::new(storage_from_string(&uri).expect("the URI is right")));
    let admitted = admitted(&storages).await;
    assert!((AMOUNT - 2..=AMOUNT).contains(&admitted), "{admitted}");
    let storage = MongoDbStorage::from_uri(&uri).expect("the URI is right");
    let left_over = AMOUNT - admitted;
    assert_eq!(left(&storage).await, (left_over, left_over));
}
