//! A moving window of many instants: exact, and no slower for their number.

use limits::MemoryStorage;
use limits_core::window::Moving;
use limits_core::{Decision, Micros, RateLimitItem, Timestamp};

use super::{Limiter, MICROSECOND, MINUTE, assert_passes, done, limiter};

/// So many instants that work in proportion to them on every hit would take minutes.
const INSTANTS: u64 = 100_000;
const ITEM: RateLimitItem<'_> = RateLimitItem::per_minute(INSTANTS);

fn hit(limiter: &Limiter<Moving>, cost: u64) -> Decision {
    done(limiter.hit(&ITEM, "a", cost)).expect("there is room")
}

/// A key whose units were all taken, one a microsecond, the last one now.
fn full_log() -> (Limiter<Moving>, Timestamp) {
    let limiter = limiter::<Moving, _>(MemoryStorage::new());
    for taken in 1..=INSTANTS {
        limiter.clock().advance(MICROSECOND);
        let hit = hit(&limiter, 1);
        assert!(
            hit.allowed() && hit.remaining() == INSTANTS - taken,
            "{hit:?}"
        );
    }
    let first = Timestamp::from_secs(1_000).saturating_add(MICROSECOND);
    (limiter, first)
}

#[test]
fn a_full_log_refuses_until_the_first_instant_is_over() {
    let (limiter, first) = full_log();
    let released_at = first.saturating_add(MINUTE);
    for _ in 0..INSTANTS {
        let hit = hit(&limiter, 1);
        assert_eq!(hit.retry_at(), Some(released_at), "{hit:?}");
        assert_eq!(hit.reset_time(), released_at, "{hit:?}");
        assert!(!hit.allowed(), "{hit:?}");
    }
}

#[test]
fn a_full_log_releases_each_instant_on_its_own() {
    let (limiter, first) = full_log();
    limiter.clock().set(first.saturating_add(MINUTE));
    for number in 0..INSTANTS {
        assert!(hit(&limiter, 1).allowed(), "{number}");
        let second = hit(&limiter, 1);
        assert!(!second.allowed(), "{number}: {second:?}");
        limiter.clock().advance(MICROSECOND);
    }
}

#[test]
fn a_large_cost_waits_for_exactly_as_many_instants() {
    let (limiter, first) = full_log();
    for cost in [1, 2, 1_000, INSTANTS] {
        let hit = hit(&limiter, cost);
        let last = first.saturating_add(Micros::from_micros(cost - 1));
        assert_eq!(hit.retry_at(), Some(last.saturating_add(MINUTE)), "{hit:?}");
    }
}

#[test]
fn a_log_that_is_over_has_all_its_room_again() {
    let (limiter, _) = full_log();
    limiter.clock().advance(MINUTE);
    assert!(hit(&limiter, INSTANTS).allowed());
    assert!(!hit(&limiter, 1).allowed());
}

#[test]
fn units_are_exact_up_to_the_largest_number() {
    let item = RateLimitItem::per_minute(u64::MAX);
    let limiter = limiter::<Moving, _>(MemoryStorage::new());
    let second = Micros::from_secs(1);
    for round in 0..10 {
        for cost in [u64::MAX - 6, 1, 2, 3] {
            assert_passes(done(limiter.hit(&item, "a", cost)));
            limiter.clock().advance(second);
        }
        let full = done(limiter.hit(&item, "a", 1)).expect("there is room");
        assert!(
            !full.allowed() && full.remaining() == 0,
            "{round}: {full:?}"
        );
        limiter.clock().advance(Micros::from_secs(56));
        let test = done(limiter.test(&item, "a", 1)).expect("a test needs no room");
        assert_eq!(test.remaining(), u64::MAX - 6, "{round}: {test:?}");
        limiter.clock().advance(Micros::from_secs(3));
    }
}
