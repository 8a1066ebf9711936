//! What is special about the storage in memory with a bound on its keys.

use limits::{MemoryStorage, StorageError, StorageErrorKind};
use limits_core::window::Fixed;
use limits_core::{Decision, Micros, RateLimitItem, RateLimiter};

use crate::conformance::fixture::SharedClock;
use crate::conformance::suite::{Outcome, Own};

pub(in crate::conformance) fn all() -> Vec<Own> {
    vec![
        ("a_new_key_finds_no_room_among_live_ones", || {
            Box::pin(a_new_key_finds_no_room_among_live_ones())
        }),
        ("a_key_that_is_over_makes_room", || {
            Box::pin(a_key_that_is_over_makes_room())
        }),
        ("a_cleared_key_makes_room", || {
            Box::pin(a_cleared_key_makes_room())
        }),
        ("what_takes_nothing_needs_no_room", || {
            Box::pin(what_takes_nothing_needs_no_room())
        }),
    ]
}

const ITEM: RateLimitItem<'static> = RateLimitItem::per_minute(2);

const KEYS: usize = 100;

type Limiter = RateLimiter<Fixed, MemoryStorage, SharedClock>;

fn limiter() -> Limiter {
    RateLimiter::with_clock(MemoryStorage::with_max_keys(KEYS), SharedClock::new())
}

fn ids() -> impl Iterator<Item = String> {
    (0..KEYS).map(|number| format!("user-{number}"))
}

async fn fill(limiter: &Limiter) -> Outcome {
    for id in ids() {
        assert!(limiter.hit(&ITEM, &id, 1).await?.allowed(), "{id}");
    }
    Ok(())
}

#[track_caller]
fn assert_full(answer: Result<Decision, StorageError>) {
    let kind = answer.as_ref().map_err(StorageError::kind);
    assert_eq!(kind.err(), Some(StorageErrorKind::Full), "{answer:?}");
}

async fn a_new_key_finds_no_room_among_live_ones() -> Outcome {
    let limiter = limiter();
    fill(&limiter).await?;
    assert_full(limiter.hit(&ITEM, "one more", 1).await);
    for id in ids() {
        let hit = limiter.hit(&ITEM, &id, 1).await?;
        assert!(hit.allowed() && hit.remaining() == 0, "{id}: {hit:?}");
    }
    Ok(())
}

async fn a_key_that_is_over_makes_room() -> Outcome {
    let limiter = limiter();
    let early = limiter.hit(&ITEM, "user-0", 1).await?;
    limiter.clock().advance(Micros::from_secs(1));
    fill(&limiter).await?;
    let end = early.reset_time();
    let wait = Micros::from_secs(59);
    limiter
        .clock()
        .advance(Micros::from_micros(wait.as_micros() - 1));
    assert_full(limiter.hit(&ITEM, "one more", 1).await);
    limiter.clock().advance(Micros::from_micros(1));
    let hit = limiter.hit(&ITEM, "one more", 1).await?;
    assert!(hit.allowed() && hit.now() == end, "{early:?}, {hit:?}");
    assert_full(limiter.hit(&ITEM, "and another", 1).await);
    Ok(())
}

async fn a_cleared_key_makes_room() -> Outcome {
    let limiter = limiter();
    fill(&limiter).await?;
    limiter.clear(&ITEM, "user-7").await?;
    assert!(limiter.hit(&ITEM, "one more", 1).await?.allowed());
    assert_full(limiter.hit(&ITEM, "user-7", 1).await);
    Ok(())
}

async fn what_takes_nothing_needs_no_room() -> Outcome {
    let limiter = limiter();
    fill(&limiter).await?;
    for id in ids() {
        let id = format!("another {id}");
        assert!(limiter.hit(&ITEM, &id, 0).await?.allowed(), "{id}");
        assert!(limiter.test(&ITEM, &id, 2).await?.allowed(), "{id}");
        assert!(!limiter.hit(&ITEM, &id, 3).await?.allowed(), "{id}");
    }
    Ok(())
}
