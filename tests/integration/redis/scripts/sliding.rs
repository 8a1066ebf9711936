use limits_core::window::{Decide, Hit, SlidingCounter, Usage, Window};
use limits_core::{Decision, Limit, Micros, SlidingWindow, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{Near, at_one_of, counted, counts, for_all, near, numbers, part, periods, same, told};
use crate::server::{Entry, HERE, Passage, Server, Told, at_millis};

const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";

#[test]
fn a_hit_does_what_the_core_does() {
    let server = Server::start();
    for_all(800, &cases(), |case| acquire(&server, &case));
}

#[test]
fn a_question_is_answered_as_the_core_does() {
    let server = Server::start();
    for_all(300, &cases(), |case| peek(&server, &case));
}

#[derive(Clone, Debug)]
struct Case {
    /// In milliseconds.
    period: u64,
    previous: u64,
    has_previous: bool,
    current: u64,
    /// For how many milliseconds more the current counter is kept.
    left: Option<u64>,
    near: Near,
    cost: u64,
}

/// A clock that went back leaves counters that are kept for more than two periods.
fn cases() -> impl Strategy<Value = Case> {
    let left = proptest::option::weighted(0.95, 0..2_500_u64);
    let counts = (numbers(), any::<bool>(), numbers());
    let case = (periods(), counts, left, near(), numbers());
    case.prop_map(|(period, counts, left, near, cost)| {
        let (previous, has_previous, current) = counts;
        let left = left.map(|share| part(period, share));
        Case {
            period,
            previous,
            has_previous,
            current,
            left,
            near,
            cost,
        }
    })
}

impl Case {
    /// Puts the counters into the server and tells the window that they are.
    fn keep(&self, server: &Server, now: u64) -> SlidingWindow {
        server.forget(CURRENT);
        server.forget(PREVIOUS);
        let Some(left) = self.left else {
            return SlidingWindow::EMPTY;
        };
        server.keep_counter(CURRENT, self.current, now + left);
        let mut previous = 0;
        if self.has_previous && left > self.period + 2_000 {
            server.keep_counter(PREVIOUS, self.previous, now + left - self.period);
            previous = self.previous;
        }
        SlidingWindow::new(previous, self.current, at_millis(now + left))
    }

    fn period(&self) -> Micros {
        Micros::from_millis(self.period)
    }

    /// A limit of which so much is left that the cost hardly fits, or doesn't.
    fn limit(&self, window: SlidingWindow, now: u64) -> Limit {
        let question = Hit::new(Limit::new(u64::MAX, self.period()), 0, at_millis(now));
        let used = u64::MAX - Decision::test(question, window).remaining();
        let amount = self.near.to(used.saturating_add(self.cost));
        Limit::new(amount.max(self.cost), self.period())
    }
}

#[derive(Debug)]
struct Expected {
    before: SlidingWindow,
    after: SlidingWindow,
    /// A window that is put there may end a millisecond later than was decided on.
    hits: [Told; 2],
    test: Told,
}

impl Expected {
    fn new(limit: Limit, cost: u64, window: SlidingWindow, end: Timestamp, micros: u64) -> Self {
        let now = Timestamp::from_micros(micros);
        let hit = Hit::new(counted(limit), cost, now);
        let before = SlidingWindow::new(window.previous(), window.current(), end);
        let mut near = before;
        // Expiries are in whole milliseconds.
        near.bring_forward(limit.period(), at_millis(micros / 1_000));
        let mut after = near;
        let (allowed, usage) = after.acquire(hit);
        let whole = |window: SlidingWindow| {
            let end = window.end().as_micros() / 1_000;
            SlidingWindow::new(window.previous(), window.current(), at_millis(end))
        };
        let is_kept = cost == 0 || (!allowed && near == before);
        Self {
            before,
            after: if is_kept { before } else { whole(after) },
            hits: told(whole(usage).end()).map(|end| {
                let window = SlidingWindow::new(usage.previous(), usage.current(), end);
                Decision::hit(allowed, hit, window).into()
            }),
            test: Decision::test(hit, near.peek(hit)).into(),
        }
    }
}

fn expected(
    limit: Limit,
    cost: u64,
    window: SlidingWindow,
    decision: Decision,
    passage: Passage,
) -> Vec<Expected> {
    let Usage::Sliding(answered) = *decision.usage() else {
        panic!("{decision:?}")
    };
    let span = answered.end().saturating_since(HERE).as_micros();
    let instants = passage.instants(span).chain([passage.before]);
    let expected =
        |micros| told(window.end()).map(|end| Expected::new(limit, cost, window, end, micros));
    instants.flat_map(expected).collect()
}

fn acquire(server: &Server, case: &Case) -> TestCaseResult {
    let now = server.now() / 1_000;
    let window = case.keep(server, now);
    let limit = case.limit(window, now);
    let entries = || [CURRENT, PREVIOUS].map(|name| server.entry(name));
    let before = entries();
    let (seen, passage) = server.timed(|| server.hit(SlidingCounter, limit, case.cost));
    let after = entries();
    at_one_of(
        expected(limit, case.cost, window, seen, passage),
        |expected| {
            let seen = Told::from(seen);
            let hits = &expected.hits;
            same(
                "told",
                &seen,
                hits.iter().find(|hit| **hit == seen).unwrap_or(&hits[0]),
            )?;
            if expected.after == expected.before {
                same("kept", &after, &before)
            } else {
                keeps(server, expected.after, case.period, &after[1], passage)
            }
        },
    )
}

/// Checks that the server keeps the counters that the window has.
fn keeps(
    server: &Server,
    window: SlidingWindow,
    period: u64,
    previous: &Entry,
    passage: Passage,
) -> Result<(), String> {
    let end = window.end().as_micros() / 1_000;
    let expected = (window.current(), end);
    counts("current", server.counter(CURRENT), expected, passage)?;
    if previous.is_absent() || window.previous() == 0 {
        return same("previous", &0, &window.previous());
    }
    let expected = (window.previous(), end - period);
    counts("previous", server.counter(PREVIOUS), expected, passage)
}

fn peek(server: &Server, case: &Case) -> TestCaseResult {
    let now = server.now() / 1_000;
    let window = case.keep(server, now);
    let limit = case.limit(window, now);
    let before = [CURRENT, PREVIOUS].map(|name| server.entry(name));
    let (seen, passage) = server.timed(|| server.test(SlidingCounter, limit, case.cost));
    prop_assert_eq!([CURRENT, PREVIOUS].map(|name| server.entry(name)), before);
    at_one_of(
        expected(limit, case.cost, window, seen, passage),
        |expected| same("told", &Told::from(seen), &expected.test),
    )
}
