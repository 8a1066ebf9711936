//! What other radios' duty cycles did wrong, each under its origin.

use limits_core::{RateLimitItem, Timestamp};

use super::{AIRTIME, BUCKET, HOUR, Radio, SECOND, Sent, most_within};

/// Asks once a second for `hours` to send `cost` and tells what went out, in microseconds.
fn send_all(radio: &Radio, cost: u64, hours: u64) -> Vec<Sent> {
    let mut sent = Vec::new();
    for second in 0..hours * 3_600 {
        let now = second * SECOND;
        radio.set(now);
        if radio.sends(&AIRTIME, 1, cost) {
            let at = now.into();
            sent.push(Sent {
                from: at,
                to: at,
                units: cost,
            });
        }
    }
    sent
}

/// Credits refilled in proportion let 45 join requests through in the first
/// hour, where 24 fit.
#[test]
fn loramac_929_the_first_hour_passes_24_join_requests_and_no_hour_more() {
    let radio = Radio::new();
    let sent = send_all(&radio, 1_500, 4);
    let first = sent.iter().filter(|sent| sent.from < HOUR.into()).count();
    assert_eq!(first, 24, "{sent:?}");
    assert_eq!(most_within(HOUR, &sent), 36_000, "{sent:?}");
}

/// Credits given whole once an hour pass twice the budget across its edge.
#[test]
fn loramac_1565_the_edge_of_an_hour_does_not_pass_twice_the_budget() {
    let radio = Radio::<64>::new();
    assert!(radio.sends(&AIRTIME, 1, 1));
    radio.set(HOUR - SECOND);
    assert!(radio.sends(&AIRTIME, 1, 35_999));
    for second in 0..3_600 {
        radio.set(HOUR + second * SECOND - SECOND);
        let hit = radio.hit(&AIRTIME, 1, 2);
        assert!(!hit.allowed(), "second {second} of the next hour: {hit:?}");
    }
    radio.set(2 * HOUR - SECOND + BUCKET);
    assert!(
        radio.sends(&AIRTIME, 1, 35_999),
        "{:?}",
        radio.limiter.clock()
    );
}

/// After 35 hours the wait that was told had nothing to do with the budget.
#[test]
fn loramac_1399_the_wait_is_right_after_any_time_of_running() {
    let boundaries = [1 << 32, (1 << 32) * 1_000, 1 << 52];
    let hours = [0, 1, 34, 35, 36, 1_193, 8_760, 876_000].map(|hours| hours * HOUR);
    for start in hours.into_iter().chain(boundaries) {
        let radio = Radio::<64>::at(start);
        assert!(radio.sends(&AIRTIME, 1, 36_000), "at {start}");
        let refused = radio.hit(&AIRTIME, 1, 1);
        let wait = refused.retry_after().map(|wait| wait.as_micros());
        assert_eq!(
            wait,
            Some((HOUR + BUCKET).into()),
            "at {start}: {refused:?}"
        );
        radio.sleep(HOUR + BUCKET);
        assert!(radio.sends(&AIRTIME, 1, 36_000), "at {start}");
    }
}

/// Alarms could not be sent at once: after each a silence was enforced.
#[test]
fn loramac_520_36_seconds_pass_at_once_and_then_silence_must() {
    let radio = Radio::<64>::new();
    for number in 0..24 {
        assert!(radio.sends(&AIRTIME, 1, 1_500), "alarm {number}");
        radio.sleep(1_500_000);
    }
    for minute in 1..59 {
        radio.set(36 * SECOND + minute * 60 * SECOND);
        assert!(
            !radio.sends(&AIRTIME, 1, 1),
            "minute {minute} after the burst"
        );
    }
    radio.set(HOUR + 36 * SECOND + BUCKET);
    assert_eq!(radio.left(&AIRTIME, 1), 36_000);
}

/// EU868 has six sub-bands; two of 0.1 %, K and N, were one.
#[test]
fn loramac_pr_750_the_bands_k_and_n_are_two() {
    const K: u8 = 0;
    let amounts = [3_600, 36_000, 36_000, 3_600, 360_000, 36_000];
    let bands = (0..).zip(amounts.map(RateLimitItem::per_hour));
    let bands: Vec<(u8, RateLimitItem<'_>)> = bands.collect();
    let radio = Radio::<64>::new();
    assert!(radio.sends(&bands[usize::from(K)].1, K, 3_600));
    for (band, item) in &bands {
        let left = if *band == K { 0 } else { item.amount() };
        assert_eq!(radio.left(item, *band), left, "band {band}");
    }
    for (band, item) in &bands[1..] {
        assert!(radio.sends(item, *band, item.amount()), "band {band}");
        assert!(!radio.sends(item, *band, 1), "band {band}");
    }
}

/// The check and the charge were two calls, and what the last transmission
/// took was set to 0 before the check.
#[test]
fn radiolib_1682_what_was_checked_is_charged() {
    let radio = Radio::<64>::new();
    let tests = [0; 2].map(|_| radio.test(&AIRTIME, 1, 20_000).allowed());
    assert_eq!(tests, [true, true], "tests charge nothing");
    let hits = [0; 2].map(|_| radio.sends(&AIRTIME, 1, 20_000));
    assert_eq!(hits, [true, false], "a hit that passes is charged");
    assert_eq!(radio.left(&AIRTIME, 1), 16_000);
}

/// The place in the ring was taken for the age of a bucket.
#[test]
fn meshtastic_11927_a_bucket_is_as_old_as_its_units_wherever_the_ring_begins() {
    for begin in 0..130 {
        let radio = Radio::<64>::new();
        for number in 0..=begin {
            radio.set(number * BUCKET);
            assert!(radio.sends(&AIRTIME, 1, 1), "bucket {number}");
        }
        let alarm = begin * BUCKET + 5;
        radio.set(alarm);
        let left = radio.left(&AIRTIME, 1);
        assert!(radio.sends(&AIRTIME, 1, left));
        let refused = radio.hit(&AIRTIME, 1, left);
        let retry_at = refused.retry_at().map(Timestamp::as_micros);
        // All but the alarm's own bucket is released before.
        assert_eq!(
            retry_at,
            Some((begin + 65) * BUCKET),
            "{begin} buckets before"
        );
    }
}

/// "Retry in N min" stood still while the time went by.
#[test]
fn meshtastic_11927_the_wait_gets_shorter_as_time_goes_by() {
    let radio = Radio::<64>::new();
    assert!(radio.sends(&AIRTIME, 1, 36_000));
    for minute in 0..=60 {
        radio.set(minute * 60 * SECOND);
        let wait = radio.hit(&AIRTIME, 1, 100).retry_after();
        let left = HOUR + BUCKET - minute * 60 * SECOND;
        assert_eq!(
            wait.map(|wait| wait.as_micros()),
            Some(left.into()),
            "minute {minute}"
        );
    }
}

/// A packet that crosses the line passed: its own airtime was not counted.
#[test]
fn meshtastic_11927_a_packet_that_crosses_the_line_is_refused() {
    let radio = Radio::<64>::new();
    assert!(radio.sends(&AIRTIME, 1, 35_900));
    assert!(!radio.sends(&AIRTIME, 1, 101));
    assert!(radio.sends(&AIRTIME, 1, 100));
}

/// Airtime that the radio has queued and not yet sent was not counted.
#[test]
fn meshtastic_11927_queued_packets_count() {
    let radio = Radio::<64>::new();
    let queued: Vec<_> = (0..24)
        .map(|_| radio.reserve(&AIRTIME, 1, 1_500).expect("24 fit"))
        .collect();
    let refused = radio.reserve(&AIRTIME, 1, 1_500);
    assert!(refused.is_err(), "{refused:?}");
    for packet in queued {
        radio.sleep(60 * SECOND);
        packet.commit(1_500).expect("the band has its slot");
    }
    radio.set(HOUR + BUCKET);
    assert!(
        !radio.sends(&AIRTIME, 1, 3_000),
        "the first went out after one minute"
    );
    radio.set(HOUR + 60 * SECOND + BUCKET);
    assert!(radio.sends(&AIRTIME, 1, 1_500), "the first minute is over");
}

/// Nothing was kept for acknowledgements: here they have the last tenth.
#[test]
fn meshtastic_11927_acknowledgements_have_a_reserve() {
    let data = RateLimitItem::per_hour(32_400);
    let radio = Radio::<64>::new();
    while radio.sends(&data, 1, 300) {}
    assert_eq!(radio.left(&data, 1), 0);
    assert_eq!(radio.left(&AIRTIME, 1), 3_600);
    let acknowledged = (0..100).take_while(|_| radio.sends(&AIRTIME, 1, 100));
    assert_eq!(acknowledged.count(), 36);
    let refused = radio.hit(&data, 1, 300);
    assert!(!refused.allowed());
    // 3,900 too many are in use, all of the first bucket.
    let retry_at = refused.retry_at().map(Timestamp::as_micros);
    assert_eq!(retry_at, Some(HOUR + BUCKET), "{refused:?}");
}

/// After light sleep only one of the buckets that had passed was closed.
#[test]
fn meshtastic_11927_a_sleep_across_many_buckets_releases_as_many() {
    for minutes in 0..=130 {
        let [asleep, awake] = [0; 2].map(|_| Radio::<64>::new());
        let mut now = 0;
        for radio in [&asleep, &awake] {
            now = 0;
            for number in 0..40 {
                radio.set(now);
                assert!(radio.sends(&AIRTIME, 1, 200 + number));
                now += 47 * SECOND;
            }
        }
        for minute in 0..minutes {
            awake.set(now + minute * 60 * SECOND);
            // What is written closes the buckets one by one.
            drop(awake.reserve(&AIRTIME, 1, 1));
        }
        let woken_at = now + minutes * 60 * SECOND;
        let left = [&asleep, &awake].map(|radio| {
            radio.set(woken_at);
            radio.left(&AIRTIME, 1)
        });
        assert_eq!(left[0], left[1], "after {minutes} minutes");
    }
}
