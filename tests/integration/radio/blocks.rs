//! Blocks: what a server's `Retry-After` asks for, on top of a limit.

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use limits_core::limiter::Fixed;
use limits_core::{
    Blockable, Blocks, Decision, FixedWindow, KeyError, ManualClock, MemoryError, MemoryStorage,
    RateLimitItem, RateLimiter, Timestamp, poll_once,
};
use limits_tests::conformance::Counted;

type List = Blocks<NoopRawMutex, u8, 2>;
type Windows = Counted<MemoryStorage<NoopRawMutex, u8, FixedWindow, 4>>;
type Limiter<'a> = RateLimiter<Blockable<Fixed, &'a List>, Windows, ManualClock>;

const ITEM: RateLimitItem<'_> = RateLimitItem::per_minute(3);

fn limiter(blocks: &List) -> Limiter<'_> {
    let windows = Counted::new(MemoryStorage::new());
    RateLimiter::with_strategy(
        Blockable::new(Fixed, blocks),
        windows,
        ManualClock::default(),
    )
}

fn now<T>(limiter: &Limiter<'_>, at: u64, call: impl FnOnce(&Limiter<'_>) -> T) -> T {
    limiter.clock().set(Timestamp::from_micros(at));
    call(limiter)
}

fn hit(limiter: &Limiter<'_>, item: &RateLimitItem<'_>, cost: u64) -> Decision {
    let hit = poll_once(limiter.hit(item, 1_u8, cost)).expect("memory never waits");
    hit.expect("there is a slot")
}

fn test(limiter: &Limiter<'_>, item: &RateLimitItem<'_>, cost: u64) -> Decision {
    let test = poll_once(limiter.test(item, 1_u8, cost)).expect("memory never waits");
    test.expect("the key fits")
}

fn block(limiter: &Limiter<'_>, until: u64) {
    let blocked = limiter.block_until(&ITEM, 1_u8, Timestamp::from_micros(until));
    assert_eq!(blocked, Ok(()));
}

#[test]
fn a_blocked_key_is_refused_at_every_instant_before_the_end() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, 1_000);
    for at in [0, 1, 500, 999] {
        let refused = now(&limiter, at, |limiter| hit(limiter, &ITEM, 1));
        assert!(!refused.allowed(), "at {at}: {refused:?}");
        let retry_at = refused.retry_at().map(Timestamp::as_micros);
        assert_eq!(retry_at, Some(1_000), "at {at}: {refused:?}");
    }
    assert!(now(&limiter, 1_000, |limiter| hit(limiter, &ITEM, 3)).allowed());
}

#[test]
fn at_the_end_of_a_block_the_limit_says() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    assert!(hit(&limiter, &ITEM, 2).allowed());
    block(&limiter, 1_000);
    let after = now(&limiter, 1_000, |limiter| hit(limiter, &ITEM, 2));
    assert!(!after.allowed(), "{after:?}");
    assert_eq!(
        after.retry_at(),
        Some(Timestamp::from_secs(60)),
        "{after:?}"
    );
    assert!(hit(&limiter, &ITEM, 1).allowed());
}

/// The limit may refuse for longer than the block.
#[test]
fn the_retry_time_of_a_blocked_hit_is_when_block_and_limit_let_it_pass() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    assert!(hit(&limiter, &ITEM, 2).allowed());
    block(&limiter, 1_000);
    for (cost, retry_at) in [(1, 1_000), (2, 60_000_000)] {
        let refused = hit(&limiter, &ITEM, cost);
        assert!(!refused.allowed(), "{refused:?}");
        let at = refused.retry_at().map(Timestamp::as_micros);
        assert_eq!(at, Some(retry_at), "{refused:?}");
    }
}

#[test]
fn a_blocked_hit_takes_nothing_and_makes_one_storage_call() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    assert!(hit(&limiter, &ITEM, 1).allowed());
    block(&limiter, 1_000);
    let _ = limiter.storage().take_calls();
    for cost in [0, 1, 3, 4] {
        let refused = [hit(&limiter, &ITEM, cost), test(&limiter, &ITEM, cost)];
        assert!(
            refused.iter().all(|decision| !decision.allowed()),
            "{refused:?}"
        );
    }
    let _ = poll_once(limiter.get_window_stats(&ITEM, 1_u8));
    // A cost above the amount, 4, needs none.
    assert_eq!(limiter.storage().take_calls(), 2 * 3 + 1);
    let after = now(&limiter, 1_000, |limiter| test(limiter, &ITEM, 1));
    assert_eq!(after.remaining(), 2, "{after:?}");
    assert_eq!(limiter.storage().take_calls(), 1);
}

#[test]
fn a_hit_a_test_and_the_stats_of_a_blocked_key_agree() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, 1_000);
    for at in [0, 999] {
        let (hit, test) = now(&limiter, at, |limiter| {
            (hit(limiter, &ITEM, 1), test(limiter, &ITEM, 1))
        });
        assert_eq!(hit, test, "at {at}");
        assert_eq!(
            (hit.remaining(), hit.reset_time().as_micros()),
            (0, 1_000),
            "at {at}"
        );
        let stats = poll_once(limiter.get_window_stats(&ITEM, 1_u8));
        assert_eq!(stats, Some(Ok(hit.stats())), "at {at}");
    }
}

#[test]
fn a_cost_above_the_amount_never_passes_blocked_or_not() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, 1_000);
    assert_eq!(hit(&limiter, &ITEM, 4).retry_at(), None);
}

#[test]
fn the_longer_of_two_blocks_stays() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, 1_000);
    block(&limiter, 500);
    assert_eq!(
        hit(&limiter, &ITEM, 1).retry_at(),
        Some(Timestamp::from_micros(1_000))
    );
    block(&limiter, 1_500);
    assert_eq!(
        hit(&limiter, &ITEM, 1).retry_at(),
        Some(Timestamp::from_micros(1_500))
    );
}

#[test]
fn a_block_in_the_past_is_none_and_takes_no_slot() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    now(&limiter, 1_000, |_| ());
    for key in 0..10_u8 {
        for until in [0, 999, 1_000] {
            let blocked = limiter.block_until(&ITEM, key, Timestamp::from_micros(until));
            assert_eq!(blocked, Ok(()), "key {key} until {until}");
        }
    }
    assert!(hit(&limiter, &ITEM, 1).allowed());
}

#[test]
fn a_number_is_blocked_for_all_its_limits() {
    const OTHER: RateLimitItem<'_> = RateLimitItem::per_hour(100);
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, 1_000);
    assert!(!hit(&limiter, &OTHER, 1).allowed());
    let another = poll_once(limiter.hit(&OTHER, 2_u8, 1)).expect("memory never waits");
    assert!(another.is_ok_and(|hit| hit.allowed()), "{another:?}");
}

#[test]
fn a_block_without_room_is_an_error_until_another_ends() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    let until = |key: u8, end| limiter.block_until(&ITEM, key, Timestamp::from_micros(end));
    assert_eq!([until(1, 1_000), until(2, 2_000)], [Ok(()), Ok(())]);
    assert_eq!(until(3, 5_000), Err(MemoryError::Full));
    now(&limiter, 999, |_| ());
    assert_eq!(until(3, 5_000), Err(MemoryError::Full));
    now(&limiter, 1_000, |_| ());
    assert_eq!(until(3, 5_000), Ok(()));
    assert!(
        hit(&limiter, &ITEM, 1).allowed(),
        "the block of key 1 is over"
    );
}

#[test]
fn a_key_that_does_not_fit_is_an_error_to_a_block_and_to_a_hit() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    let error = MemoryError::Key(KeyError::TooLong);
    let blocked = limiter.block_until(&ITEM, 256_u16, Timestamp::from_secs(1));
    assert_eq!(blocked, Err(error));
    assert_eq!(poll_once(limiter.hit(&ITEM, 256_u16, 1)), Some(Err(error)));
}

#[test]
fn an_unblocked_key_passes_at_once() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, 1_000);
    assert_eq!(blocks.unblock(ITEM.key_for(1_u8)), Ok(()));
    assert_eq!(
        blocks.blocked_until(ITEM.key_for(1_u8), Timestamp::ZERO),
        Ok(None)
    );
    assert!(hit(&limiter, &ITEM, 1).allowed());
    block(&limiter, 500);
    assert_eq!(
        hit(&limiter, &ITEM, 1).retry_at(),
        Some(Timestamp::from_micros(500))
    );
}

#[test]
fn a_block_until_the_end_of_time_holds_until_it() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, u64::MAX);
    let last = now(&limiter, u64::MAX - 1, |limiter| hit(limiter, &ITEM, 1));
    assert!(!last.allowed(), "{last:?}");
}
