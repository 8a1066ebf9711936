//! Airtime that is saved and restored while some of it is reserved.

use core::mem::forget;

use limits_core::{Micros, StateError, Storage, Timestamp, poll_once};

use super::{AIRTIME, Bands, Radio};

fn saved(radio: &Radio) -> [u8; Bands::<64, 6>::STATE_LEN] {
    let mut bytes = [0; Bands::<64, 6>::STATE_LEN];
    let saved = radio.limiter.storage().save(Timestamp::ZERO, &mut bytes);
    assert!(saved.is_ok(), "{saved:?}");
    bytes
}

fn restore(radio: &Radio, bytes: &[u8]) -> Result<(), StateError> {
    let storage = radio.limiter.storage();
    storage.restore(bytes, Timestamp::ZERO, Micros::ZERO)
}

#[test]
fn what_was_reserved_counts_after_a_reset_also_if_the_key_was_cleared() {
    let radio = Radio::new();
    let lost = radio.reserve(&AIRTIME, 1, 36_000).expect("it fits");
    let cleared = poll_once(radio.limiter.clear(&AIRTIME, 1_u8));
    assert_eq!(cleared, Some(Ok(())));
    let bytes = saved(&radio);
    // The reset.
    forget(lost);
    let radio = Radio::new();
    assert_eq!(restore(&radio, &bytes), Ok(()));
    assert_eq!(radio.left(&AIRTIME, 1), 0);
}

#[test]
fn nothing_is_restored_over_units_that_are_reserved() {
    let other = Radio::new();
    assert!(other.sends(&AIRTIME, 2, 5));
    let bytes = saved(&other);
    let radio = Radio::new();
    assert!(radio.sends(&AIRTIME, 1, 20_000));
    let reservation = radio.reserve(&AIRTIME, 1, 10_000).expect("it fits");
    assert_eq!(restore(&radio, &bytes), Err(StateError::InUse));
    assert_eq!(radio.left(&AIRTIME, 1), 6_000);
    assert_eq!(reservation.cancel(), Ok(()));
    assert_eq!(restore(&radio, &bytes), Ok(()));
    assert_eq!(radio.left(&AIRTIME, 1), 36_000);
    assert_eq!(radio.left(&AIRTIME, 2), 35_995);
}

#[test]
fn a_storage_says_what_it_holds_after_a_reset_of_it() {
    let radio = Radio::new();
    assert!(radio.sends(&AIRTIME, 1, 1));
    let reset = poll_once(radio.limiter.storage().reset());
    assert_eq!(reset, Some(Ok(1)));
    let again = Radio::new();
    assert_eq!(restore(&again, &saved(&radio)), Ok(()));
    assert_eq!(again.left(&AIRTIME, 1), 36_000);
}
