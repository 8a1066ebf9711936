//! Settling by more than can be counted.

use limits::{ManualClock, MemoryStorage, RateLimitItem, poll_once};
use limits_core::{Micros, MovingWindowRateLimiter};

#[test]
fn as_many_units_as_can_be_told_are_not_none() {
    let clock = ManualClock::default();
    let limiter = MovingWindowRateLimiter::with_clock(MemoryStorage::new(), &clock);
    let item = RateLimitItem::per_minute(10);
    let hit = |cost| {
        let answer = poll_once(limiter.hit(&item, "a", cost)).expect("memory never waits");
        answer.expect("there is room")
    };
    for used in [u64::MAX, u64::MAX - 1] {
        assert!(hit(1).allowed());
        clock.advance(Micros::from_secs(1));
        let charge = hit(1).charge().expect("a unit was taken");
        poll_once(limiter.settle(&item, "a", charge, used))
            .expect("memory never waits")
            .expect("there is room");
        let next = hit(1);
        assert!(!next.allowed(), "{used}: {next:?}");
        assert_eq!(next.remaining(), 0);
        clock.advance(Micros::from_secs(120));
    }
}
