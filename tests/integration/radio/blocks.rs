//! Blocks: what a server's `Retry-After` asks for, on top of a limit.

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex as Mutex;
use limits_core::{
    BlockList, Blocks, Decision, FixedWindow, FixedWindowRateLimiter, Guarded, KeyError,
    ManualClock, Micros, Origin, RateLimitItem, TableError, TableStorage, Timestamp, poll_once,
};
use limits_tests::conformance::Counted;

type List = Blocks<Mutex, u8, 2>;
type Windows = Counted<TableStorage<Mutex, u8, FixedWindow, 4>>;
type Limiter<'a> = FixedWindowRateLimiter<Guarded<Windows, &'a List>, ManualClock>;

const ITEM: RateLimitItem<'_> = RateLimitItem::per_minute(3);

fn limiter(blocks: &List) -> Limiter<'_> {
    over(Guarded::new(Counted::new(TableStorage::new()), blocks))
}

fn over(storage: Guarded<Windows, &List>) -> Limiter<'_> {
    FixedWindowRateLimiter::with_clock(storage, ManualClock::default())
}

fn block_until(
    limiter: &Limiter<'_>,
    key: impl Into<limits_core::Identifiers<'static>>,
    until: u64,
) -> Result<(), TableError> {
    let (until, now) = (
        Timestamp::from_micros(until),
        limits_core::Clock::now(limiter.clock()),
    );
    limiter.storage().block_until(&ITEM, key, until, now)
}

fn calls(limiter: &Limiter<'_>) -> u64 {
    limiter.storage().storage().take_calls()
}

fn now<T>(limiter: &Limiter<'_>, at: u64, call: impl FnOnce(&Limiter<'_>) -> T) -> T {
    limiter.clock().set(Timestamp::from_micros(at));
    call(limiter)
}

fn hit(limiter: &Limiter<'_>, item: &RateLimitItem<'_>, cost: u64) -> Decision {
    let hit = poll_once(limiter.hit(item, 1_u8, cost)).expect("a table never waits");
    hit.expect("there is a slot")
}

fn test(limiter: &Limiter<'_>, item: &RateLimitItem<'_>, cost: u64) -> Decision {
    let test = poll_once(limiter.test(item, 1_u8, cost)).expect("a table never waits");
    test.expect("the key fits")
}

fn block(limiter: &Limiter<'_>, until: u64) {
    assert_eq!(block_until(limiter, 1_u8, until), Ok(()));
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
    let _ = calls(&limiter);
    for cost in [0, 1, 3, 4] {
        let refused = [hit(&limiter, &ITEM, cost), test(&limiter, &ITEM, cost)];
        assert!(
            refused.iter().all(|decision| !decision.allowed()),
            "{refused:?}"
        );
    }
    let _ = poll_once(limiter.get_window_stats(&ITEM, 1_u8));
    // A cost above the amount, 4, needs none.
    assert_eq!(calls(&limiter), 2 * 3 + 1);
    let after = now(&limiter, 1_000, |limiter| test(limiter, &ITEM, 1));
    assert_eq!(after.remaining(), 2, "{after:?}");
    assert_eq!(calls(&limiter), 1);
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
            let blocked = block_until(&limiter, key, until);
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
    let another = poll_once(limiter.hit(&OTHER, 2_u8, 1)).expect("a table never waits");
    assert!(another.is_ok_and(|hit| hit.allowed()), "{another:?}");
}

#[test]
fn a_block_without_room_is_an_error_until_another_ends() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    let until = |key: u8, end| block_until(&limiter, key, end);
    assert_eq!([until(1, 1_000), until(2, 2_000)], [Ok(()), Ok(())]);
    assert_eq!(until(3, 5_000), Err(TableError::Full));
    now(&limiter, 999, |_| ());
    assert_eq!(until(3, 5_000), Err(TableError::Full));
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
    let error = TableError::Key(KeyError::TooLong);
    let blocked = block_until(&limiter, 256_u16, 1_000_000);
    assert_eq!(blocked, Err(error));
    assert_eq!(poll_once(limiter.hit(&ITEM, 256_u16, 1)), Some(Err(error)));
}

#[test]
fn an_unblocked_key_passes_at_once() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, 1_000);
    assert_eq!(limiter.storage().unblock(&ITEM, 1_u8), Ok(()));
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

/// node-rate-limiter-flexible#210: a further hit gave the block an end.
#[test]
fn node_rate_limiter_flexible_210_a_block_without_end_stays_one() {
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, u64::MAX);
    for at in [0, 1_000, 60_000_000, 1 << 60] {
        let refused = now(&limiter, at, |limiter| hit(limiter, &ITEM, 1));
        assert_eq!(refused.retry_at(), Some(Timestamp::from_micros(u64::MAX)));
        assert_eq!(refused.origin(), Origin::Blocked, "at {at}: {refused:?}");
        block(&limiter, at + 5);
    }
}

#[test]
fn a_refused_hit_is_punished_once_if_that_is_wished() {
    let blocks = List::new();
    let windows = Counted::new(TableStorage::new());
    let penalty = Micros::from_secs(300);
    let limiter = over(Guarded::with_penalty(windows, &blocks, penalty));
    assert!(hit(&limiter, &ITEM, 3).allowed());
    let refused = now(&limiter, 1_000_000, |limiter| hit(limiter, &ITEM, 1));
    assert_eq!(refused.origin(), Origin::Storage, "{refused:?}");
    let end = Timestamp::from_secs(301);
    for secs in [2, 100, 300] {
        let refused = now(&limiter, secs * 1_000_000, |limiter| hit(limiter, &ITEM, 1));
        assert_eq!(refused.retry_at(), Some(end), "{refused:?}");
    }
    assert!(now(&limiter, 301_000_000, |limiter| hit(limiter, &ITEM, 1)).allowed());
}

#[test]
fn a_remembered_refusal_asks_nobody_until_it_is_over() {
    let blocks = List::new();
    let windows = Counted::new(TableStorage::new());
    let limiter = over(Guarded::remembering(windows, &blocks));
    assert!(hit(&limiter, &ITEM, 3).allowed());
    let refused = hit(&limiter, &ITEM, 1);
    assert_eq!(refused.origin(), Origin::Storage, "{refused:?}");
    let _ = calls(&limiter);
    for cost in [1, 2, 3] {
        let remembered = [hit(&limiter, &ITEM, cost), test(&limiter, &ITEM, cost)];
        for answer in remembered {
            assert!(!answer.allowed(), "{answer:?}");
            assert_eq!(answer.origin(), Origin::Remembered, "{answer:?}");
            assert_eq!(answer.retry_at(), refused.retry_at(), "{answer:?}");
        }
    }
    assert_eq!(calls(&limiter), 0);
    assert!(test(&limiter, &ITEM, 0).allowed(), "a question is asked");
    assert_eq!(calls(&limiter), 1);
    assert!(now(&limiter, 60_000_000, |limiter| hit(limiter, &ITEM, 1)).allowed());
}

#[test]
fn a_refusal_of_several_units_is_not_remembered() {
    let blocks = List::new();
    let windows = Counted::new(TableStorage::new());
    let limiter = over(Guarded::remembering(windows, &blocks));
    assert!(hit(&limiter, &ITEM, 2).allowed());
    assert!(!hit(&limiter, &ITEM, 2).allowed());
    assert!(hit(&limiter, &ITEM, 1).allowed());
}

#[test]
fn a_clear_forgets_what_is_remembered_and_no_block() {
    let blocks = List::new();
    let windows = Counted::new(TableStorage::new());
    let remembering = over(Guarded::remembering(windows, &blocks));
    assert!(hit(&remembering, &ITEM, 3).allowed());
    assert!(!hit(&remembering, &ITEM, 1).allowed());
    assert_eq!(poll_once(remembering.clear(&ITEM, 1_u8)), Some(Ok(())));
    assert!(hit(&remembering, &ITEM, 1).allowed());

    let blocking = limiter(&blocks);
    block(&blocking, 1_000);
    assert_eq!(poll_once(blocking.clear(&ITEM, 1_u8)), Some(Ok(())));
    assert!(!hit(&blocking, &ITEM, 1).allowed());
}

#[test]
fn several_limits_are_refused_where_one_is_blocked() {
    const OTHER: RateLimitItem<'_> = RateLimitItem::per_hour(100);
    let blocks = List::new();
    let limiter = limiter(&blocks);
    block(&limiter, 1_000);
    let asks = [
        limits_core::Ask::new(limits_core::window::Fixed, &ITEM, 1_u8, 1),
        limits_core::Ask::new(limits_core::window::Fixed, &OTHER, 2_u8, 1),
    ];
    let both = poll_once(limiter.hit_all(&asks)).expect("a table never waits");
    let both = both.expect("the keys fit");
    assert!(!both.allowed(), "{both:?}");
    let allowed = both.as_slice().iter().map(Decision::allowed);
    assert_eq!(allowed.collect::<Vec<_>>(), [false, true]);
    let after = poll_once(limiter.get_window_stats(&OTHER, 2_u8));
    assert_eq!(
        after.and_then(Result::ok).map(|stats| stats.remaining),
        Some(100)
    );
}
