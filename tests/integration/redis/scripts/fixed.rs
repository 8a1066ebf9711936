use limits_core::window::{Decide, Elastic, Fixed, Hit, Usage, Window};
use limits_core::{Decision, FixedWindow, Limit, Micros, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{at_one_of, counted, counts, for_all, near, numbers, part, periods, same, told};
use crate::server::{HERE, Passage, Server, Told, at_millis};

const STORED: &str = "LIMITS:key";

#[test]
fn a_hit_does_what_the_core_does() {
    let server = Server::start();
    for_all(600, &cases(), |case| acquire(&server, &case));
}

#[test]
fn a_question_is_answered_as_the_core_does() {
    let server = Server::start();
    for_all(200, &cases(), |case| peek(&server, &case));
}

#[derive(Clone, Debug)]
struct Case {
    /// A counter and for how many milliseconds more it counts; a clock that went back
    /// leaves some for more than a period.
    counter: Option<(u64, u64)>,
    limit: Limit,
    cost: u64,
    is_elastic: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let counter = proptest::option::weighted(0.9, (numbers(), 0..2_000_u64));
    let case = (counter, periods(), numbers(), near(), any::<bool>());
    case.prop_map(|(counter, period, cost, near, is_elastic)| {
        let count = counter.map_or(0, |(count, _)| count);
        Case {
            counter: counter.map(|(count, share)| (count, part(period, share))),
            limit: Limit::new(near.to(count + cost).max(cost), Micros::from_millis(period)),
            cost,
            is_elastic,
        }
    })
}

impl Case {
    /// Puts the counter into the server and tells the window that it is.
    fn keep(&self, server: &Server) -> FixedWindow {
        let Some((count, left)) = self.counter else {
            server.forget(STORED);
            return FixedWindow::EMPTY;
        };
        let end = server.now() / 1_000 + left;
        server.keep_counter(STORED, count, end);
        FixedWindow::new(count, at_millis(end))
    }

    /// What the core answers and makes of a window as it may have been told, at the
    /// instants at which the server may have answered.
    fn expected(&self, window: FixedWindow, decision: Decision, passage: Passage) -> Vec<Expected> {
        let Usage::Fixed(answered) = *decision.usage() else {
            panic!("{decision:?}")
        };
        let span = answered.end().saturating_since(HERE).as_micros();
        let instants = passage.instants(span).chain([passage.before]);
        let expected =
            |micros| told(window.end()).map(|end| Expected::new(self, window, end, micros));
        instants.flat_map(expected).collect()
    }
}

#[derive(Debug)]
struct Expected {
    before: FixedWindow,
    after: FixedWindow,
    hit: Told,
    test: Told,
}

impl Expected {
    fn new(case: &Case, window: FixedWindow, end: Timestamp, micros: u64) -> Self {
        let before = FixedWindow::new(window.count(Timestamp::ZERO), end);
        let hit_at = |micros| {
            let now = Timestamp::from_micros(micros);
            Hit::new(counted(case.limit), case.cost, now)
        };
        // Expiries are in whole milliseconds.
        let (exact, whole) = (hit_at(micros), hit_at(micros / 1_000 * 1_000));
        let mut after = before;
        let allowed = if case.is_elastic {
            Decide::<Elastic>::acquire(&mut after, whole).0
        } else {
            Decide::<Fixed>::acquire(&mut after, whole).0
        };
        let mut read = after;
        read.bring_forward(case.limit.period(), whole.now());
        let mut asked = before;
        asked.bring_forward(case.limit.period(), whole.now());
        Self {
            before,
            after,
            hit: Decision::hit(allowed, exact, read).into(),
            test: Decision::test(exact, asked).into(),
        }
    }
}

fn acquire(server: &Server, case: &Case) -> TestCaseResult {
    let window = case.keep(server);
    let entry = server.entry(STORED);
    let (seen, passage) = server.timed(|| {
        if case.is_elastic {
            server.hit(Elastic, case.limit, case.cost)
        } else {
            server.hit(Fixed, case.limit, case.cost)
        }
    });
    let (kept, counter) = (server.entry(STORED), server.counter(STORED));
    at_one_of(case.expected(window, seen, passage), |expected| {
        same("told", &Told::from(seen), &expected.hit)?;
        if expected.after == expected.before {
            return same("kept", &kept, &entry);
        }
        let end = expected.after.end();
        let count = expected.after.count(Timestamp::ZERO);
        counts("kept", counter, (count, end.as_micros() / 1_000), passage)
    })
}

fn peek(server: &Server, case: &Case) -> TestCaseResult {
    let window = case.keep(server);
    let entry = server.entry(STORED);
    let (seen, passage) = server.timed(|| server.test(Fixed, case.limit, case.cost));
    prop_assert_eq!(server.entry(STORED), entry);
    at_one_of(case.expected(window, seen, passage), |expected| {
        same("told", &Told::from(seen), &expected.test)
    })
}
