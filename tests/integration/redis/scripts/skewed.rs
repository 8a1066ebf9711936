//! Lists that clients with different clocks have written: not in order.

use limits_core::{Decision, Limit, Micros, MovingWindowSupport};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::for_all;
use crate::server::{HERE, Server, Told, key};

const STORED: &str = "LIMITS:key";
const PERIOD: u64 = 60_000_000;

/// How far the clocks are apart, at most.
const SKEW: u64 = 5_000_000;

#[test]
fn a_list_out_of_order_counts_as_exactly_as_the_clocks_agree() {
    let server = Server::start();
    let entry = (0..80_000_000_u64, 0..=SKEW);
    let cases = (vec(entry, 0..40), 0..40_u64, 0..10_u64);
    for_all(400, &cases, |(entries, amount, cost)| {
        acquire(
            &server,
            entries,
            Limit::new(amount, Micros::from_micros(PERIOD)),
            cost,
        )
    });
}

/// Entries are told by their true age and by how much the clock of who wrote them
/// is ahead.
fn acquire(
    server: &Server,
    mut entries: Vec<(u64, u64)>,
    limit: Limit,
    cost: u64,
) -> TestCaseResult {
    entries.sort_by_key(|(age, _)| *age);
    let begin = server.now();
    let texts = entries.iter().map(|(age, ahead)| {
        let micros = begin - age + ahead;
        format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    });
    server.keep_list(STORED, &texts.collect::<Vec<_>>());
    let storage = server.storage();
    let reading = server.wait(storage.get_moving_window(key(), limit, cost, HERE));
    let reading = reading.expect("it reads");
    let call = storage.acquire_entry(key(), limit, cost, HERE);
    let (seen, passage) = server.timed(call);
    let seen = Told::from(seen.expect("it counts"));
    // A clock that is ahead puts the newest entry, and so the window, into the future.
    let released = passage.after - begin + SKEW;
    let units = |live: &dyn Fn(u64) -> bool| {
        let live = entries.iter().filter(|(age, _)| live(*age));
        u64::try_from(live.count()).expect("it is small")
    };
    let fewest = units(&|age| age + released < PERIOD);
    let most = units(&|age| age < PERIOD + SKEW);
    prop_assert!(
        (fewest..=most).contains(&reading.used),
        "{reading:?}: {fewest} to {most}"
    );
    let allowed = |used: u64| used + cost <= limit.amount();
    prop_assert!(!allowed(most) || seen.allowed, "{seen:?}: at most {most}");
    prop_assert!(
        allowed(fewest) || !seen.allowed,
        "{seen:?}: at least {fewest}"
    );
    let reset = Told::from(Decision::test(limit, cost, HERE, reading)).reset_after;
    prop_assert!(reset <= PERIOD + SKEW, "{reading:?}");
    Ok(())
}
