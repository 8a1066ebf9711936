//! What answers say holds: of amounts that scripts can't count, of waits that are to be
//! exact, and after a clock that went back.

use core::time::Duration;
use std::thread;

use limits::redis::Scripted;
use limits_core::window::{Elastic, Fixed, Gcra, Moving, SlidingCounter};
use limits_core::{Decision, Limit, Micros};

use crate::server::{Passage, Server};

const STORED: &str = "LIMITS:key";
const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";
const BUCKET: &str = "LIMITS:{key}/gcra";

#[test]
fn k1_one_limit_is_behind_all_numbers() {
    const MOST: u64 = (1 << 53) - 1;
    fn is_exhausted<K: Scripted>(server: &Server, kind: K) {
        let limit = Limit::new(u64::MAX, Micros::from_secs(31_104_000));
        let hit = server.hit(kind, limit, MOST);
        assert!(
            hit.allowed() && hit.limit() == MOST && hit.remaining() == 0,
            "{hit:?}"
        );
        for answer in [server.hit(kind, limit, 1), server.test(kind, limit, 1)] {
            assert!(!answer.allowed(), "{answer:?}");
            assert_eq!(
                (answer.limit(), answer.remaining()),
                (MOST, 0),
                "{answer:?}"
            );
            assert!(
                answer.retry_after() > Some(Duration::from_secs(60)),
                "{answer:?}"
            );
        }
    }
    let server = Server::start();
    is_exhausted(&server, Fixed);
    server.forget(STORED);
    is_exhausted(&server, Elastic);
    is_exhausted(&server, SlidingCounter);
}

/// What is refused passes when it was told to, and what passes at all was not told to
/// pass later: to the microsecond, by the server's clock.
fn passes_when_it_was_told<K: Scripted>(kind: K, limit: Limit, cost: u64) {
    let server = Server::start();
    let hit = || server.timed(|| server.hit(kind, limit, cost));
    let mut refused: Option<(u64, u64)> = None;
    let mut passed = 0;
    while passed < 12 {
        let (decision, Passage { before, after }) = hit();
        let said = refused.take();
        if decision.allowed() {
            passed += 1;
            if let Some((earliest, _)) = said {
                // The clock may have come to the next millisecond within the script.
                assert!(
                    earliest <= after + 1_000,
                    "passed at {after}, was told {earliest}"
                );
            }
            continue;
        }
        let wait = decision.retry_after().expect("it fits once").as_micros();
        let wait = u64::try_from(wait).expect("it is soon");
        assert!(
            wait > 0,
            "{}: refused for no time: {decision:?}",
            kind.name()
        );
        if let Some((_, latest)) = said {
            assert!(
                before < latest,
                "{}: refused at {before}, was told {latest}",
                kind.name()
            );
        }
        refused = Some((before + wait, after + wait));
        // Wakes a little before the end of the wait, and asks without a pause then.
        let pause = Duration::from_micros(wait.saturating_sub(1_500));
        thread::sleep(pause);
    }
}

#[test]
fn k2_no_retry_is_told_too_early() {
    let limit = |amount, millis| Limit::new(amount, Micros::from_millis(millis));
    passes_when_it_was_told(SlidingCounter, limit(1, 100), 1);
    passes_when_it_was_told(SlidingCounter, limit(3, 90), 2);
    passes_when_it_was_told(SlidingCounter, limit(1_000, 70), 30);
    passes_when_it_was_told(Fixed, limit(1, 60), 1);
    passes_when_it_was_told(Moving, limit(3, 90), 2);
    passes_when_it_was_told(Gcra, limit(3, 90), 2);
    passes_when_it_was_told(Gcra, limit(7, 50), 1);
}

/// The end of one window is told alike by every answer, but for a millisecond if the
/// server's clock comes to the next one while a script reads it.
#[test]
fn k2_the_end_of_a_window_stands_still() {
    let server = Server::start();
    let limit = Limit::new(1_000, Micros::from_secs(60));
    assert!(server.hit(Fixed, limit, 1).allowed());
    let end = server.counter(STORED).expect("it is kept").1 * 1_000;
    let mut late = 0;
    for _ in 0..400 {
        let (decision, Passage { before, after }) = server.timed(|| server.hit(Fixed, limit, 1));
        let left = i64::try_from(decision.reset_after().as_micros()).expect("it is soon");
        let told = [before, after].map(|now| i64::try_from(now).expect("it is now") + left);
        assert!(
            told[0] <= end + 1_000 && told[1] >= end,
            "{told:?}, not {end}"
        );
        late += u32::from(told[0] > end);
    }
    assert!(late < 20, "{late} of 400 told a millisecond late");
}

/// What a step of the server's clock of an hour back leaves: ends an hour too late.
#[test]
fn k6_a_clock_that_went_back_closes_no_limit_for_longer_than_a_period() {
    const HOUR: u64 = 3_600_000;
    let server = Server::start();
    let limit = Limit::new(1, Micros::from_secs(60));
    let closes_for = |answer: Decision, secs: u64| {
        assert!(!answer.allowed(), "{answer:?}");
        let wait = answer.retry_after().expect("it fits once");
        assert!(wait <= Duration::from_secs(secs), "{answer:?}");
        assert!(
            answer.reset_after() <= Duration::from_secs(secs),
            "{answer:?}"
        );
    };
    let left = |name| server.ask::<u64>(&["PTTL", name]);
    let now = server.now() / 1_000;
    server.keep_counter(STORED, 1, now + HOUR + 60_000);
    closes_for(server.test(Fixed, limit, 1), 60);
    assert!(left(STORED) > HOUR, "a question changes nothing");
    closes_for(server.hit(Fixed, limit, 1), 60);
    assert!(left(STORED) <= 60_000);

    server.keep_counter(CURRENT, 1, now + HOUR + 120_000);
    server.keep_counter(PREVIOUS, 1, now + HOUR + 60_000);
    closes_for(server.test(SlidingCounter, limit, 1), 120);
    assert!(left(CURRENT) > HOUR, "a question changes nothing");
    closes_for(server.hit(SlidingCounter, limit, 1), 120);
    assert!(left(CURRENT) <= 120_000 && left(PREVIOUS) <= 60_000);

    server.keep_list(STORED, &[format!("{}.000000", now / 1_000 + 3_600)]);
    let () = server.ask(&["EXPIRE", STORED, "3660"]);
    closes_for(server.test(Moving, limit, 1), 60);
    assert!(left(STORED) > HOUR, "a question changes nothing");
    closes_for(server.hit(Moving, limit, 1), 60);
    assert!(left(STORED) <= 60_000);

    let full_at = (now + HOUR + 60_000) * 1_000;
    let () = server.ask(&["SET", BUCKET, &format!("{full_at} 0 1"), "EX", "3660"]);
    closes_for(server.test(Gcra, limit, 1), 60);
    assert!(left(BUCKET) > HOUR, "a question changes nothing");
    closes_for(server.hit(Gcra, limit, 1), 60);
    assert!(left(BUCKET) <= 60_000);
}
