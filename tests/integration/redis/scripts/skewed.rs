//! Lists that clients with different clocks have written: not in order.

use limits_core::window::{Moving, Usage};
use limits_core::{Decision, Limit, Micros};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::for_all;
use crate::server::Server;

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
            Limit::new(amount.max(cost), Micros::from_micros(PERIOD)),
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
    let reading = server.test(Moving, limit, cost);
    let (seen, passage) = server.timed(|| server.hit(Moving, limit, cost));
    let released = passage.after - begin;
    let units = |live: &dyn Fn(u64) -> bool| {
        let live = entries.iter().filter(|(age, _)| live(*age));
        u64::try_from(live.count()).expect("it is small")
    };
    // What is in the future counts as taken now.
    let fewest = units(&|age| age + released < PERIOD);
    let most = units(&|age| age < PERIOD + SKEW);
    let used = used(reading);
    prop_assert!(
        (fewest..=most).contains(&used),
        "{reading:?}: {fewest} to {most}"
    );
    let allowed = |used: u64| used + cost <= limit.amount();
    prop_assert!(!allowed(most) || seen.allowed(), "{seen:?}: at most {most}");
    prop_assert!(
        allowed(fewest) || !seen.allowed(),
        "{seen:?}: at least {fewest}"
    );
    prop_assert!(
        reading.reset_after().as_micros() <= u128::from(PERIOD),
        "{reading:?}"
    );
    Ok(())
}

fn used(decision: Decision) -> u64 {
    match decision.usage() {
        Usage::Moving(usage) => usage.used,
        other => panic!("{other:?}"),
    }
}
