//! Limits that change while they are in use.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use limits::http::{Limits, Policies, Policy};
use limits::{ManualClock, Micros, RateLimitItem, StrategyName, Timestamp};

use super::server::{Server, limited, memory, policy, storages};

/// A policy whose amount a minute is changed by others.
fn changing(strategy: StrategyName, amount: &Arc<AtomicU64>) -> Policy {
    let amount = Arc::clone(amount);
    policy("api", "1/minute")
        .with_strategy(strategy)
        .keeping_usage()
        .with_plans(move |_| {
            let item = RateLimitItem::per_minute(amount.load(Ordering::Relaxed));
            Some(Limits::from(item))
        })
}

/// envoyproxy/ratelimit#185, supabase/auth#2358, AspNetCoreRateLimit#441.
#[tokio::test]
async fn a_limit_raised_from_5_to_10_lets_5_more_pass() {
    let strategies = [
        StrategyName::FixedWindow,
        StrategyName::MovingWindow,
        StrategyName::SlidingWindowCounter,
    ];
    for kept in storages() {
        for strategy in strategies {
            let amount = Arc::new(AtomicU64::new(5));
            let server = Policies::new(kept.storage.clone()).with(changing(strategy, &amount));
            let server = Server::start(limited(server)).await;
            let passed = async || {
                let statuses = server.statuses("/", 12).await;
                statuses.iter().filter(|status| **status == 200).count()
            };
            assert_eq!(passed().await, 5, "{strategy}");
            amount.store(10, Ordering::Relaxed);
            assert_eq!(passed().await, 5, "{strategy}");
            limits::Storage::reset(&kept.storage)
                .await
                .expect("it can be reset");
        }
    }
}

/// Metron-Project/metron#629: 10 became 4 with 8 in use.
#[tokio::test]
async fn a_lowered_limit_says_when_the_fifth_oldest_hit_goes() {
    static CLOCK: ManualClock = ManualClock::new(Timestamp::from_secs(1_000_000));

    let amount = Arc::new(AtomicU64::new(10));
    let policies = Policies::new(memory()).with_clock(&CLOCK);
    let policies = policies.with(changing(StrategyName::MovingWindow, &amount));
    let server = Server::start(limited(policies)).await;
    for _ in 0..8 {
        assert_eq!(server.get("/").await.status, 200);
        CLOCK.advance(Micros::from_secs(1));
    }
    amount.store(4, Ordering::Relaxed);
    let refused = server.get("/").await;
    // The fifth came 4 s after the first, and it is 8 s.
    assert_eq!(
        (refused.status, refused.number("retry-after")),
        (429, Some(60 + 4 - 8))
    );
    CLOCK.advance(Micros::from_secs(55));
    assert_eq!(server.get("/").await.status, 429);
    CLOCK.advance(Micros::from_secs(1));
    assert_eq!(server.get("/").await.status, 200);
}

/// nuetzliches/hookaido#239: each reload refilled every bucket.
#[tokio::test]
async fn policies_that_are_made_anew_go_on_counting() {
    for kept in storages() {
        let server = async || {
            let policies = Policies::new(kept.storage.clone()).with(policy("api", "3/hour"));
            Server::start(limited(policies)).await
        };
        assert_eq!(server().await.statuses("/", 2).await, [200; 2]);
        assert_eq!(server().await.statuses("/", 2).await, [200, 429]);
    }
}

#[tokio::test]
async fn what_is_kept_across_changes_is_settled_too() {
    for kept in storages() {
        let policy = policy("api", "2/hour; 9/day").keeping_usage();
        let policy = policy.charge_when(|answer| answer.status != 404);
        let server = Server::start(limited(Policies::new(kept.storage).with(policy))).await;
        assert_eq!(server.statuses("/status/404", 5).await, [404; 5]);
        assert_eq!(server.statuses("/", 3).await, [200, 200, 429]);
    }
}
