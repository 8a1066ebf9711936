//! The instants at which windows end and units are released, met by real time.

use core::time::Duration;
use std::thread;

use limits_core::window::{Decide, Fixed, Hit, Moving, SlidingCounter, Window};
use limits_core::{Decision, Limit, Micros, SlidingWindow, Timestamp};

use crate::server::{Passage, Server, Told, at_millis};

const STORED: &str = "LIMITS:key";
const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";

/// So many windows are met at their ends…
const ROUNDS: u32 = 40;

/// …and more until one was met in its last millisecond.
const MOST_ROUNDS: u32 = 1_000;

#[test]
fn a_fixed_window_is_over_at_exactly_its_end() {
    let server = Server::start();
    let limit = Limit::new(1, Micros::from_secs(60));
    let keep = |end| server.keep_counter(STORED, 1, end);
    meet_ends(&server, &keep, &|| {
        let (hit, passage) = server.timed(|| server.hit(Fixed, limit, 1));
        (hit.allowed(), passage)
    });
    meet_ends(&server, &keep, &|| {
        let (test, passage) = server.timed(|| server.test(Fixed, limit, 0));
        (test.remaining() == 1, passage)
    });
}

#[test]
fn a_sliding_window_is_over_at_exactly_its_end() {
    let server = Server::start();
    let limit = Limit::new(5, Micros::from_secs(60));
    // As much as the limit in every microsecond.
    let keep = |end| {
        server.forget(PREVIOUS);
        server.keep_counter(CURRENT, 5 * 60_000_000_u64, end);
    };
    meet_ends(&server, &keep, &|| {
        let (hit, passage) = server.timed(|| server.hit(SlidingCounter, limit, 1));
        (hit.allowed(), passage)
    });
    meet_ends(&server, &keep, &|| {
        let (test, passage) = server.timed(|| server.test(SlidingCounter, limit, 1));
        (test.allowed(), passage)
    });
}

#[test]
fn a_sliding_window_turns_at_exactly_the_end_of_its_first_period() {
    let server = Server::start();
    let limit = Limit::new(1_000, Micros::from_secs(60));
    let keep = |end| {
        server.forget(PREVIOUS);
        server.keep_counter(CURRENT, 1, end + 60_000);
    };
    meet_ends(&server, &keep, &|| {
        let (hit, passage) = server.timed(|| server.hit(SlidingCounter, limit, 1));
        assert!(hit.allowed(), "{hit:?}");
        (!server.entry(PREVIOUS).is_absent(), passage)
    });
}

/// Keeps a window that is over at some instant, calls until it is, and again.
///
/// In its last millisecond a key is still there, and the window over.
fn meet_ends(server: &Server, keep: &dyn Fn(u64), is_over: &dyn Fn() -> (bool, Passage)) {
    let (mut rounds, mut met) = (0, 0);
    while rounds < ROUNDS || met == 0 {
        assert!(rounds < MOST_ROUNDS, "no call was in the last millisecond");
        rounds += 1;
        let end = server.now() / 1_000 + 4;
        keep(end);
        loop {
            let (is_over, passage) = is_over();
            let millis = passage.millis();
            assert!(is_over || *millis.start() < end, "still counts at its end");
            assert!(!is_over || *millis.end() >= end, "over before its end");
            met += u32::from(millis == (end..=end));
            if is_over {
                break;
            }
        }
    }
    println!("{met} calls in the last millisecond of {rounds} keys");
}

#[test]
fn a_unit_is_released_a_period_after_it_was_taken_to_the_microsecond() {
    const PERIOD: u64 = 100_000;
    let server = Server::start();
    let limit = Limit::new(2, Micros::from_micros(PERIOD));
    let hit = || {
        let (hit, passage) = server.timed(|| server.hit(Moving, limit, 1));
        (Told::from(hit), passage)
    };
    assert!(hit().0.allowed);
    thread::sleep(Duration::from_millis(40));
    assert!(hit().0.allowed);
    for _ in 0..8 {
        let log = server.list(STORED);
        let Some(oldest) = log.get(1) else {
            // The machine stood still for longer than a period.
            assert!(hit().0.allowed);
            continue;
        };
        let release = oldest
            .replace('.', "")
            .parse::<u64>()
            .expect("it is decimal")
            + PERIOD;
        loop {
            let (told, Passage { before, after }) = hit();
            if told.allowed {
                assert!(after >= release, "{after}: before {release}");
                break;
            }
            assert!(before < release, "{before}: not before {release}");
            let at = release - told.retry_after.expect("it fits once");
            assert!((before..=after).contains(&at), "{at}: {before} to {after}");
        }
    }
}

/// Through its turns, after one period and after two.
#[test]
fn a_sliding_window_is_followed_by_the_core_until_nothing_counts() {
    const PERIOD: u64 = 150;
    let server = Server::start();
    let limit = Limit::new(10, Micros::from_millis(PERIOD));
    let begin = server.now() / 1_000;
    // Costs by the millisecond from which on they are asked for.
    let hits = [
        (0, 7),
        (20, 2),
        (20, 2),
        (170, 2),
        (340, 4),
        (400, 3),
        (760, 5),
        (770, 6),
    ];
    let mut hits = hits.into_iter().peekable();
    let mut window = SlidingWindow::EMPTY;
    let (mut calls, mut passed) = (0, 0);
    while passed < 8 * PERIOD {
        thread::sleep(Duration::from_micros(300));
        passed = server.now() / 1_000 - begin;
        let cost = hits
            .next_if(|(from, _)| *from <= passed)
            .map_or(0, |(_, cost)| cost);
        let (hit, passage) = server.timed(|| server.hit(SlidingCounter, limit, cost));
        window = follow(window, limit, cost, hit, passage);
        if let Some((_, end)) = server.counter(CURRENT).filter(|_| cost > 0) {
            let end = u64::try_from(end).expect("it expires");
            let expected = window.expires_at().as_micros() / 1_000;
            let late = passage.whole_millis();
            assert!(
                (expected - 1..=expected + late).contains(&end),
                "{end}: {window:?}"
            );
            window = SlidingWindow::new(window.previous(), window.current(), at_millis(end));
        }
        calls += 1;
    }
    println!("{calls} calls in {passed} ms");
    assert_eq!(hits.next(), None);
    assert_eq!(
        window.advanced(limit.period(), at_millis(begin + passed)),
        SlidingWindow::EMPTY
    );
}

/// Tells the window after a hit, as it was at one of the microseconds of the call. Its
/// ends are in whole milliseconds, and one that the server has just put there may be told
/// a millisecond later.
fn follow(
    window: SlidingWindow,
    limit: Limit,
    cost: u64,
    decision: Decision,
    passage: Passage,
) -> SlidingWindow {
    let seen = Told::from(decision);
    let late = |window: SlidingWindow, late: i64| {
        let end = window.expires_at().as_micros() / 1_000;
        let end = at_millis(end.saturating_add_signed(late));
        SlidingWindow::new(window.previous(), window.current(), end)
    };
    let outcomes = (passage.before..=passage.after).flat_map(|micros| {
        let hit = Hit::new(limit, cost, Timestamp::from_micros(micros));
        [0, 1].map(|lateness| {
            let mut window = late(window, lateness);
            let (allowed, usage) = window.acquire(hit);
            let told = Decision::hit(allowed, hit, late(usage, 0));
            (told.into(), late(window, -lateness))
        })
    });
    let outcomes: Vec<(Told, SlidingWindow)> = outcomes.collect();
    let outcome = outcomes.iter().find(|(told, _)| *told == seen);
    let after = outcome.map(|(_, window)| *window);
    after.unwrap_or_else(|| panic!("{seen:?} of {cost} in {passage:?}: not of {window:?}"))
}
