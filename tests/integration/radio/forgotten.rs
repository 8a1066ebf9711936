//! Reservations that nobody settles as planned: cancelled tasks, cleared keys.

use core::future::pending;

use limits_core::{Storage, poll_once};

use super::{AIRTIME, BUCKET, HOUR, Radio};

async fn transmit(radio: &Radio, cost: u64) {
    let reservation = radio.reserve(&AIRTIME, 1, cost).expect("it fits");
    pending::<()>().await;
    reservation.commit(cost).expect("the band has its slot");
}

#[test]
fn a_transmission_that_is_cancelled_gives_its_airtime_back() {
    let radio = Radio::new();
    {
        let mut transmission = Box::pin(transmit(&radio, 1_500));
        assert_eq!(poll_once(transmission.as_mut()), None);
        assert_eq!(radio.left(&AIRTIME, 1), 34_500, "it is on its way");
    }
    assert_eq!(radio.left(&AIRTIME, 1), 36_000, "it was dropped");
}

#[test]
fn a_transmission_that_never_began_takes_nothing() {
    let radio = Radio::new();
    drop(transmit(&radio, 1_500));
    assert_eq!(radio.left(&AIRTIME, 1), 36_000);
}

fn clear(radio: &Radio) {
    let cleared = poll_once(radio.limiter.clear(&AIRTIME, 1_u8)).expect("a table never waits");
    cleared.expect("the key fits");
}

fn reset(radio: &Radio) {
    let reset = poll_once(radio.limiter.storage().reset()).expect("a table never waits");
    reset.expect("a reset never fails");
}

const FORGET: [fn(&Radio); 2] = [clear, reset];

#[test]
fn what_is_committed_after_the_key_was_cleared_counts() {
    for forget in FORGET {
        let radio = Radio::new();
        let reservation = radio.reserve(&AIRTIME, 1, 1_500).expect("it fits");
        forget(&radio);
        assert_eq!(reservation.commit(1_200), Ok(()));
        assert_eq!(radio.left(&AIRTIME, 1), 34_800);
    }
}

#[test]
fn what_is_cancelled_after_the_key_was_cleared_gives_back_nothing_that_was_taken_since() {
    for forget in FORGET {
        let radio = Radio::new();
        let reservation = radio.reserve(&AIRTIME, 1, 1_500).expect("it fits");
        forget(&radio);
        assert!(radio.sends(&AIRTIME, 1, 1_000));
        assert_eq!(reservation.cancel(), Ok(()));
        assert_eq!(radio.left(&AIRTIME, 1), 35_000);
    }
}

/// What is on its way is on its way, whoever clears the key.
#[test]
fn what_is_reserved_stays_so_when_the_key_is_cleared() {
    for forget in FORGET {
        let radio = Radio::new();
        assert!(radio.sends(&AIRTIME, 1, 1_000));
        let reservation = radio.reserve(&AIRTIME, 1, 20_000).expect("it fits");
        forget(&radio);
        assert_eq!(radio.left(&AIRTIME, 1), 16_000);
        assert!(radio.reserve(&AIRTIME, 1, 16_001).is_err());
        assert_eq!(reservation.cancel(), Ok(()));
        assert_eq!(radio.left(&AIRTIME, 1), 36_000);
    }
}

#[test]
fn a_clock_that_went_back_keeps_what_was_set_aside_and_what_was_committed() {
    let radio = Radio::<64>::at(10 * HOUR);
    let reservation = radio.reserve(&AIRTIME, 1, 1_500).expect("it fits");
    assert!(radio.sends(&AIRTIME, 1, 500));
    radio.set(HOUR);
    assert_eq!(radio.left(&AIRTIME, 1), 34_000);
    assert_eq!(reservation.commit(1_500), Ok(()));
    assert_eq!(radio.left(&AIRTIME, 1), 34_000);
    // All is taken as if by the clock as it is now: nothing is closed for longer.
    radio.set(2 * HOUR + BUCKET - 1);
    assert_eq!(radio.left(&AIRTIME, 1), 34_000);
    radio.set(2 * HOUR + BUCKET);
    assert_eq!(radio.left(&AIRTIME, 1), 36_000);
}
