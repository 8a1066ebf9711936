use limits_core::window::Window;
use limits_core::{Decision, Limit, Micros, SlidingWindow, SlidingWindowCounterSupport};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{MOST, at_one_of, counts, for_all, numbers, part, periods, same};
use crate::server::{Entry, HERE, Passage, Server, Told, at_millis, key};

const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";

#[test]
fn a_hit_does_what_the_core_does() {
    let server = Server::start();
    for_all(800, &cases(), |case| acquire(&server, &case));
}

#[test]
fn a_reading_says_what_the_core_does() {
    let server = Server::start();
    for_all(300, &cases(), |case| get(&server, &case));
}

#[derive(Clone, Debug)]
struct Case {
    period: u64,
    previous: u64,
    has_previous: bool,
    current: u64,
    /// For how many milliseconds more the current counter is kept.
    left: Option<u64>,
    /// What is left under the limit, more or less.
    room: i64,
    /// The amount, if it is not that of the room.
    amount: Option<u64>,
    cost: u64,
}

/// A clock that went back leaves counters that are kept for more than two periods.
fn cases() -> impl Strategy<Value = Case> {
    let left = proptest::option::weighted(0.95, 0..2_500_u64);
    let counts = (numbers(), any::<bool>(), numbers());
    let limit = (
        -3..4_i64,
        proptest::option::weighted(0.2, numbers()),
        numbers(),
    );
    let case = (periods(), counts, left, limit);
    case.prop_map(|(period, counts, left, limit)| {
        let (previous, has_previous, current) = counts;
        let (room, amount, cost) = limit;
        let left = left.map(|share| part(period, share));
        Case {
            period,
            previous,
            has_previous,
            current,
            left,
            room,
            amount,
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

    /// A limit of which so much is left that the cost hardly fits, or doesn't.
    fn limit(&self, window: SlidingWindow, now: u64) -> Limit {
        let period = Micros::from_millis(self.period);
        let unlimited = Limit::new(u64::MAX, period);
        let used = u64::MAX - Decision::test(unlimited, 0, at_millis(now), window).remaining();
        let near = used
            .saturating_add(self.cost)
            .saturating_add_signed(self.room);
        Limit::new(self.amount.unwrap_or(near).min(MOST), period)
    }
}

fn acquire(server: &Server, case: &Case) -> TestCaseResult {
    let now = server.now() / 1_000;
    let window = case.keep(server, now);
    let limit = case.limit(window, now);
    let entries = || [CURRENT, PREVIOUS].map(|name| server.entry(name));
    let before = entries();
    let storage = server.storage();
    let call = storage.acquire_sliding_window_entry(key(), limit, case.cost, HERE);
    let (seen, passage) = server.timed(call);
    let seen = Told::from(seen.expect("it counts"));
    let after = entries();
    at_one_of(passage.millis(), |millis| {
        let (mut window, now) = (window, at_millis(*millis));
        let allowed = window.acquire(limit, case.cost, now);
        let told = Decision::hit(allowed, limit, case.cost, now, window);
        same("told", &seen, &told.into())?;
        if allowed && case.cost > 0 {
            keeps(server, window, case.period, &after[1], passage)
        } else {
            same("kept", &after, &before)
        }
    })
}

/// Checks that the server keeps the counters that the window has.
fn keeps(
    server: &Server,
    window: SlidingWindow,
    period: u64,
    previous: &Entry,
    passage: Passage,
) -> Result<(), String> {
    let end = window.expires_at().as_micros() / 1_000;
    let expected = (window.current(), end);
    counts("current", server.counter(CURRENT), expected, passage)?;
    if previous.is_absent() {
        return same("previous", &0, &window.previous());
    }
    let expected = (window.previous(), end - period);
    counts("previous", server.counter(PREVIOUS), expected, passage)
}

fn get(server: &Server, case: &Case) -> TestCaseResult {
    let now = server.now() / 1_000;
    let window = case.keep(server, now);
    let limit = case.limit(window, now);
    let before = [CURRENT, PREVIOUS].map(|name| server.entry(name));
    let call = server
        .storage()
        .get_sliding_window(key(), limit.period(), HERE);
    let (seen, passage) = server.timed(call);
    let seen = seen.expect("it reads");
    prop_assert_eq!([CURRENT, PREVIOUS].map(|name| server.entry(name)), before);
    at_one_of(passage.millis(), |millis| {
        let told = |window, now| Told::from(Decision::test(limit, case.cost, now, window));
        same("told", &told(seen, HERE), &told(window, at_millis(*millis)))
    })
}
