use limits_core::window::{Increment, Window};
use limits_core::{Decision, FixedWindow, FixedWindowSupport, Limit, Micros, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{MOST, at_one_of, counts, for_all, numbers, part, periods, same};
use crate::server::{HERE, KEY, Server, Told, at_millis, key};

const STORED: &str = "LIMITS:key";

#[test]
fn an_increment_does_what_the_core_does() {
    let server = Server::start();
    for_all(600, &cases(), |case| incr(&server, &case));
}

#[test]
fn a_reading_says_what_the_core_does() {
    let server = Server::start();
    for_all(200, &cases(), |case| get(&server, &case));
}

#[derive(Clone, Debug)]
struct Case {
    /// A counter and for how many milliseconds more it counts.
    counter: Option<(u64, u64)>,
    increment: Increment,
}

fn cases() -> impl Strategy<Value = Case> {
    let counter = proptest::option::weighted(0.9, (numbers(), 0..2_000_u64));
    let ceiling = proptest::option::weighted(0.8, (0..6_u64, numbers(), 0..4_u8));
    let elastic = any::<bool>();
    let case = (counter, periods(), numbers(), ceiling, elastic);
    case.prop_map(|(counter, period, amount, ceiling, elastic_expiry)| {
        let count = counter.map_or(0, |(count, _)| count);
        // Without a ceiling the sum must be one that scripts count to.
        let amount = amount.min(MOST - count);
        let ceiling = ceiling.map(|(near, far, choice)| match choice {
            0 => far,
            1 => u64::MAX,
            _ => (count + amount + near).saturating_sub(3).min(MOST),
        });
        Case {
            counter: counter.map(|(count, share)| (count, part(period, share))),
            increment: Increment {
                amount,
                expiry: Micros::from_millis(period),
                elastic_expiry,
                ceiling,
            },
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

    fn limit(&self) -> Limit {
        let Increment {
            ceiling, expiry, ..
        } = self.increment;
        Limit::new(ceiling.unwrap_or(u64::MAX), expiry)
    }

    fn told(&self, applied: bool, window: FixedWindow, now: Timestamp) -> Told {
        Decision::hit(applied, self.limit(), self.increment.amount, now, window).into()
    }
}

fn incr(server: &Server, case: &Case) -> TestCaseResult {
    let window = case.keep(server);
    let before = server.entry(STORED);
    let call = server.storage().incr(key(), case.increment, HERE);
    let (seen, passage) = server.timed(call);
    let seen = seen.expect("it counts");
    let (after, counter) = (server.entry(STORED), server.counter(STORED));
    at_one_of(passage.millis(), |millis| {
        let (mut window, now) = (window, at_millis(*millis));
        let expected = window.incr(case.increment, now);
        let told = case.told(seen.applied, seen.window, HERE);
        same("told", &told, &case.told(expected.applied, window, now))?;
        let moves = case.increment.elastic_expiry && window.count(now) > 0;
        if case.increment.amount > 0 && (expected.applied || moves) {
            let end = window.expires_at().as_micros() / 1_000;
            counts(KEY, counter, (window.count(now), end), passage)
        } else {
            same("kept", &after, &before)
        }
    })
}

fn get(server: &Server, case: &Case) -> TestCaseResult {
    let window = case.keep(server);
    let before = server.entry(STORED);
    let (seen, passage) = server.timed(server.storage().get(key(), HERE));
    let seen = seen.expect("it reads");
    prop_assert_eq!(server.entry(STORED), before);
    let (limit, cost) = (case.limit(), case.increment.amount);
    at_one_of(passage.millis(), |millis| {
        let told = |window, now| Told::from(Decision::test(limit, cost, now, window));
        same("told", &told(seen, HERE), &told(window, at_millis(*millis)))
    })
}
