//! How a reservation ends, one way at a time.

use limits_core::{
    AirtimeRateLimiter, Decision, ManualClock, RateLimitItem, TableError, Timestamp, poll_once,
};

use super::{AIRTIME, BUCKET, Bands, HOUR, Radio, SECOND};

fn micros(decision: &Decision) -> Option<u64> {
    decision.retry_at().map(Timestamp::as_micros)
}

#[test]
fn a_reservation_is_in_use_until_it_is_settled_however_long_that_takes() {
    let radio = Radio::<64>::new();
    let reservation = radio.reserve(&AIRTIME, 1, 36_000).expect("it fits");
    for hour in [0, 1, 2, 24, 8_760, 876_000] {
        radio.set(hour * HOUR);
        assert!(!radio.sends(&AIRTIME, 1, 1), "hour {hour}");
    }
    radio.set(1_000_000 * HOUR);
    assert_eq!(reservation.cancel(), Ok(()));
    assert!(radio.sends(&AIRTIME, 1, 36_000));
}

#[test]
fn a_cancelled_reservation_gives_back_exactly_what_it_had() {
    let radio = Radio::<64>::new();
    assert!(radio.sends(&AIRTIME, 1, 1_000));
    let reservation = radio.reserve(&AIRTIME, 1, 500).expect("it fits");
    assert_eq!(reservation.decision().remaining(), 34_500);
    assert_eq!(radio.left(&AIRTIME, 1), 34_500);
    assert_eq!(reservation.cancel(), Ok(()));
    assert_eq!(radio.left(&AIRTIME, 1), 35_000);
}

/// A task that is dropped while the radio sends gives nothing back.
#[test]
fn a_reservation_dropped_after_its_start_takes_all_of_it() {
    let radio = Radio::<64>::new();
    let mut reservation = radio.reserve(&AIRTIME, 1, 500).expect("it fits");
    reservation.start();
    drop(reservation);
    assert_eq!(radio.left(&AIRTIME, 1), 35_500);
    let mut reservation = radio.reserve(&AIRTIME, 1, 500).expect("it fits");
    reservation.start();
    assert_eq!(reservation.commit(200), Ok(()));
    let mut reservation = radio.reserve(&AIRTIME, 1, 500).expect("it fits");
    reservation.start();
    assert_eq!(reservation.cancel(), Ok(()));
    assert_eq!(radio.left(&AIRTIME, 1), 35_300);
}

#[test]
fn a_dropped_reservation_gives_back_exactly_what_it_had() {
    let radio = Radio::<64>::new();
    assert!(radio.sends(&AIRTIME, 1, 1_000));
    drop(radio.reserve(&AIRTIME, 1, 500).expect("it fits"));
    assert_eq!(radio.left(&AIRTIME, 1), 35_000);
}

#[test]
fn a_commit_of_less_gives_back_the_difference() {
    let radio = Radio::<64>::new();
    let reservation = radio.reserve(&AIRTIME, 1, 500).expect("it fits");
    assert_eq!(reservation.commit(300), Ok(()));
    assert_eq!(radio.left(&AIRTIME, 1), 35_700);
}

#[test]
fn a_commit_of_more_takes_all_of_it_above_the_amount_too() {
    let radio = Radio::<64>::new();
    assert!(radio.sends(&AIRTIME, 1, 30_000));
    radio.set(BUCKET);
    let reservation = radio.reserve(&AIRTIME, 1, 6_000).expect("it fits");
    assert_eq!(reservation.commit(16_000), Ok(()));
    assert_eq!(radio.left(&AIRTIME, 1), 0);
    assert!(
        !radio.test(&AIRTIME, 1, 0).allowed(),
        "10,000 above the limit"
    );
    radio.set(HOUR + BUCKET);
    assert_eq!(radio.left(&AIRTIME, 1), 20_000, "16,000 are in use");
}

#[test]
fn what_is_committed_counts_from_then_on() {
    let radio = Radio::<64>::new();
    let reservation = radio.reserve(&AIRTIME, 1, 36_000).expect("it fits");
    radio.set(10 * SECOND);
    assert_eq!(reservation.commit(36_000), Ok(()));
    let refused = radio.hit(&AIRTIME, 1, 1);
    assert_eq!(
        micros(&refused),
        Some(10 * SECOND + HOUR + BUCKET),
        "{refused:?}"
    );
}

#[test]
fn a_refusal_counts_what_is_set_aside_as_if_it_were_taken_now() {
    let radio = Radio::<64>::new();
    let _reservation = radio.reserve(&AIRTIME, 1, 36_000).expect("it fits");
    radio.set(1_000 * SECOND);
    let refused = radio.hit(&AIRTIME, 1, 1);
    assert_eq!(
        micros(&refused),
        Some(1_000 * SECOND + HOUR + BUCKET),
        "{refused:?}"
    );
}

#[test]
fn a_refused_reservation_takes_nothing_and_tells_when() {
    let radio = Radio::<64>::new();
    assert!(radio.sends(&AIRTIME, 1, 35_000));
    let refused = radio
        .reserve(&AIRTIME, 1, 1_001)
        .expect_err("it does not fit");
    assert_eq!(micros(&refused), Some(HOUR + BUCKET), "{refused:?}");
    assert_eq!(radio.left(&AIRTIME, 1), 1_000);
}

#[test]
fn more_than_the_amount_can_never_be_set_aside() {
    let radio = Radio::<64>::new();
    let refused = radio
        .reserve(&AIRTIME, 1, 36_001)
        .expect_err("it never fits");
    assert_eq!(micros(&refused), None, "{refused:?}");
    assert_eq!(radio.left(&AIRTIME, 1), 36_000);
}

#[test]
fn nothing_can_be_set_aside_and_something_committed() {
    let radio = Radio::<64>::new();
    let reservation = radio.reserve(&AIRTIME, 1, 0).expect("nothing fits");
    assert_eq!(reservation.commit(700), Ok(()));
    assert_eq!(radio.left(&AIRTIME, 1), 35_300);
}

#[test]
fn the_slot_of_a_reservation_goes_to_no_other_key() {
    const ITEM: RateLimitItem<'_> = RateLimitItem::per_second(5);
    let limiter = AirtimeRateLimiter::with_clock(Bands::<4, 1>::new(), ManualClock::default());
    let reservation = limiter.reserve(&ITEM, 1_u8, 5).expect("there is a slot");
    let reservation = reservation.expect("it fits");
    for span in [0, SECOND, HOUR, 1_000_000 * HOUR] {
        limiter.clock().set(Timestamp::from_micros(span));
        let other = limiter.reserve(&ITEM, 2_u8, 1).map(|made| made.is_ok());
        assert_eq!(other, Err(TableError::Full), "at {span}");
        let hit = poll_once(limiter.hit(&ITEM, 2_u8, 1));
        assert_eq!(hit, Some(Err(TableError::Full)), "at {span}");
    }
    assert_eq!(reservation.cancel(), Ok(()));
    let other = limiter.reserve(&ITEM, 2_u8, 1).map(|made| made.is_ok());
    assert_eq!(other, Ok(true));
}

/// A reservation closes buckets, and the open one may be empty from then on.
#[test]
fn a_slot_is_free_when_its_units_are_released_though_something_was_set_aside_since() {
    let limiter = AirtimeRateLimiter::with_clock(Bands::<64, 1>::new(), ManualClock::default());
    let hit = poll_once(limiter.hit(&AIRTIME, 1_u8, 1)).expect("a table never waits");
    assert!(hit.is_ok_and(|hit| hit.allowed()));
    limiter.clock().set(Timestamp::from_micros(HOUR));
    drop(limiter.reserve(&AIRTIME, 1_u8, 1));
    let other = |at| {
        limiter.clock().set(Timestamp::from_micros(at));
        poll_once(limiter.hit(&AIRTIME, 2_u8, 1)).expect("a table never waits")
    };
    assert_eq!(other(HOUR + BUCKET - 1), Err(TableError::Full));
    assert!(other(HOUR + BUCKET).is_ok(), "{:?}", limiter.clock());
}

/// The buckets of a reservation's time went on, though all was released.
#[test]
fn buckets_begin_anew_when_all_is_released_whatever_was_set_aside_before() {
    let radio = Radio::<64>::new();
    assert!(radio.sends(&AIRTIME, 1, 1));
    radio.set(HOUR);
    drop(radio.reserve(&AIRTIME, 1, 1));
    let start = HOUR + BUCKET + 7;
    radio.set(start);
    assert!(radio.sends(&AIRTIME, 1, 36_000));
    let refused = radio.hit(&AIRTIME, 1, 1);
    assert_eq!(micros(&refused), Some(start + HOUR + BUCKET), "{refused:?}");
}

/// What was sent without a reservation can be corrected too, in the bucket it is in.
#[test]
fn a_hit_is_settled_by_what_it_was_on_air() {
    let radio = Radio::<64>::new();
    let hits = [1_000, 2_000, 500].map(|cost| {
        let hit = radio.hit(&AIRTIME, 1, cost);
        radio.sleep(BUCKET);
        hit.charge().expect("the band is unused")
    });
    let [less, more, over] = hits;
    let settle = |charge, used| {
        let settled = poll_once(radio.limiter.settle(&AIRTIME, 1_u8, charge, used));
        let settled = settled.expect("memory never waits").expect("the key fits");
        (settled.given_back, settled.taken)
    };
    assert_eq!(settle(less, 300), (700, 0));
    assert_eq!(settle(more, 2_400), (0, 400));
    assert_eq!(radio.left(&AIRTIME, 1), 36_000 - 300 - 2_400 - 500);
    radio.set(HOUR + BUCKET);
    assert_eq!(radio.left(&AIRTIME, 1), 36_000 - 2_400 - 500);
    radio.set(HOUR + 3 * BUCKET);
    assert_eq!(settle(over, 0), (0, 0), "its bucket is over");
}
