//! A cluster of three that loses its leader, or its majority.

use core::time::Duration;
use std::time::Instant;

use limits::window::Fixed;
use limits::{EtcdStorage, RateLimitItem};
use limits_tests::servers::{EtcdCluster, EtcdServer};
use tokio::time::sleep;

use super::faults::rest;
use super::{Outcome, hit, hit_again, is_a_fault};

/// A call asks each node for as long as both timeouts allow, and on a busy machine longer.
const LONGEST: Duration = Duration::from_millis(3 * (1_000 + 500) + 500 + 1_000);

/// An election takes two seconds, and on a busy machine a second try.
const ELECTION: Duration = Duration::from_secs(10);

const ITEM: RateLimitItem<'static> = RateLimitItem::per_hour(30);

/// Takes away the leader while there are hits: how many passed, and how many failed.
async fn without(
    storage: &EtcdStorage,
    lose: impl FnOnce() -> Result<(), limits_tests::servers::Error>,
) -> Result<(u64, u64), Box<dyn core::error::Error>> {
    let (mut admitted, mut failed) = (0, 0);
    for _ in 0..5 {
        admitted += u64::from(hit_again(storage, Fixed, &ITEM, "a").await?.allowed());
    }
    lose()?;
    let lost = Instant::now();
    // Some in a row, as one may have been on its way.
    let mut in_a_row = 0;
    while in_a_row < 5 {
        let start = Instant::now();
        match hit(storage, Fixed, &ITEM, "a").await {
            Ok(decision) => {
                admitted += u64::from(decision.allowed());
                in_a_row += 1;
            }
            Err(error) => {
                is_a_fault(&error);
                (failed, in_a_row) = (failed + 1, 0);
                sleep(Duration::from_millis(50)).await;
            }
        }
        assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
        assert!(
            lost.elapsed() < ELECTION,
            "no hit passes after {ELECTION:?}"
        );
    }
    println!(
        "hits pass {:?} after the loss, {failed} failed",
        lost.elapsed()
    );
    Ok((admitted, failed))
}

async fn counts_on(storage: &EtcdStorage, (admitted, failed): (u64, u64)) {
    let sum = admitted + rest(storage, &ITEM, "a").await;
    assert!(sum <= 30, "{sum} of 30, {failed} failed");
    assert!(sum + failed >= 30, "{sum} of 30, {failed} failed");
}

#[tokio::test]
async fn a_killed_leader_is_replaced_and_nothing_is_lost() -> Outcome {
    let cluster = EtcdCluster::start()?;
    let storage = EtcdStorage::from_uri(&cluster.uri())?;
    let leader = cluster.leader()?;
    let hits = without(&storage, || leader.kill()).await?;
    leader.restart()?;
    counts_on(&storage, hits).await;
    Ok(())
}

#[tokio::test]
async fn a_leader_that_hangs_is_replaced_and_nothing_is_lost() -> Outcome {
    let cluster = EtcdCluster::start()?;
    let storage = EtcdStorage::from_uri(&cluster.uri())?;
    let leader = cluster.leader()?;
    let hits = without(&storage, || leader.stop()).await?;
    leader.resume()?;
    cluster.wait_until_ready()?;
    counts_on(&storage, hits).await;
    Ok(())
}

#[tokio::test]
async fn without_a_majority_calls_fail_until_it_is_back() -> Outcome {
    let cluster = EtcdCluster::start()?;
    let storage = EtcdStorage::from_uri(&cluster.uri())?;
    assert_eq!(
        hit_again(&storage, Fixed, &ITEM, "a").await?.remaining(),
        29
    );
    let lost: Vec<&EtcdServer> = cluster.nodes().iter().take(2).collect();
    lost.iter().try_for_each(|node| node.kill())?;
    let mut failed = 0;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(4) {
        let start = Instant::now();
        let error = hit(&storage, Fixed, &ITEM, "a")
            .await
            .expect_err("no majority");
        is_a_fault(&error);
        assert!(start.elapsed() < LONGEST, "{:?}: {error}", start.elapsed());
        failed += 1;
    }
    lost[0].restart()?;
    let start = Instant::now();
    let left = hit_again(&storage, Fixed, &ITEM, "a").await?.remaining();
    assert!(start.elapsed() < ELECTION, "{:?}", start.elapsed());
    // Hits that failed on their way count or not.
    assert!(
        (28 - failed.min(28)..=28).contains(&left),
        "{left} left, {failed} failed"
    );
    assert_eq!(rest(&storage, &ITEM, "a").await, left);
    Ok(())
}
