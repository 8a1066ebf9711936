//! Charges are settled as the core settles them, in the window that they were taken from.

use core::time::Duration;
use std::thread;

use limits::redis::Scripted;
use limits_core::window::{
    Charge, Decide, Elastic, Fixed, Gcra, Hit, Kind as _, Moving, MovingWindow, Settled,
    SlidingCounter, Usage,
};
use limits_core::{Decision, FixedWindow, Limit, Micros, SlidingWindow};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::for_all;
use super::log::VecLog;
use crate::server::{HERE, Server};

const STORED: &str = "LIMITS:key";
const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";
const BUCKET: &str = "LIMITS:{key}/gcra";

const AMOUNT: u64 = 40;
const LIMIT: Limit = Limit::new(AMOUNT, Micros::from_secs(3_600));

/// What is done to a window: a hit, or the settling of a charge that is still there.
#[derive(Clone, Copy, Debug)]
enum Step {
    Hit { cost: u64 },
    Settle { which: usize, used: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let hit = (0..12_u64).prop_map(|cost| Step::Hit { cost });
    let settle = (any::<usize>(), 0..14_u64);
    let settle = settle.prop_map(|(which, used)| Step::Settle { which, used });
    vec(prop_oneof![hit, settle], 1..14)
}

#[test]
fn counters_are_settled_as_the_core_does() {
    let server = Server::start();
    for_all(120, &steps(), |steps| {
        follows::<_, FixedWindow>(&server, Fixed, &steps)?;
        follows::<_, FixedWindow>(&server, Elastic, &steps)?;
        follows::<_, SlidingWindow>(&server, SlidingCounter, &steps)
    });
}

#[test]
fn logs_are_settled_as_the_core_does() {
    let server = Server::start();
    for_all(200, &steps(), |steps| {
        follows::<_, MovingWindow<VecLog>>(&server, Moving, &steps)
    });
}

/// Takes the steps on the server and in the core, and compares what they answer.
fn follows<K: Scripted, W>(server: &Server, kind: K, steps: &[Step]) -> TestCaseResult
where
    W: Decide<K, Usage: Into<Usage>>,
{
    let () = server.ask(&["FLUSHALL"]);
    let mut window = W::EMPTY;
    let mut charges: Vec<(Charge, Charge)> = Vec::new();
    let mut now = HERE;
    for step in steps {
        now = now.saturating_add(Micros::from_micros(1));
        match *step {
            Step::Hit { cost } => {
                let seen = server.hit(kind, LIMIT, cost);
                let hit = Hit::new(LIMIT, cost, now);
                let (allowed, usage) = window.acquire(hit);
                let expected = Decision::hit(allowed, hit, usage);
                prop_assert_eq!(seen.allowed(), allowed);
                prop_assert_eq!(seen.remaining(), expected.remaining());
                charges.extend(seen.charge().zip(expected.charge()));
            }
            Step::Settle { which, used } if !charges.is_empty() => {
                let (seen, expected) = charges.swap_remove(which % charges.len());
                // Beyond the limit a list keeps but the newest entries.
                let used = used.min(expected.cost() + remaining(server, kind));
                let settled = server.settle(kind, seen, used);
                prop_assert_eq!(settled, window.settle(&expected, used, now));
                let question = Hit::new(LIMIT, 0, now);
                let expected = Decision::test(question, window.peek(question));
                prop_assert_eq!(remaining(server, kind), expected.remaining());
            }
            Step::Settle { .. } => {}
        }
    }
    Ok(())
}

fn remaining<K: Scripted>(server: &Server, kind: K) -> u64 {
    server.test(kind, LIMIT, 0).remaining()
}

/// Takes units from a limit of an hour.
fn charge<K: Scripted>(server: &Server, kind: K, cost: u64) -> Charge {
    let hit = server.hit(kind, LIMIT, cost);
    hit.charge().unwrap_or_else(|| panic!("{hit:?}"))
}

#[test]
fn what_is_used_beyond_a_charge_goes_beyond_the_limit() {
    fn goes_beyond<K: Scripted>(server: &Server, kind: K) {
        let () = server.ask(&["FLUSHALL"]);
        let charge = charge(server, kind, AMOUNT - 1);
        let settled = server.settle(kind, charge, u64::MAX - 5);
        let name = kind.name();
        if name == Gcra.name() {
            // A unit, and a part of one that was refilled meanwhile.
            assert!((1..=2).contains(&settled.taken), "{settled:?}");
        } else {
            assert_eq!(settled, Settled::taken(u64::MAX - 4 - AMOUNT), "{name}");
        }
        let test = server.test(kind, LIMIT, 0);
        assert_eq!(test.remaining(), 0, "{test:?}");
        assert!(!server.hit(kind, LIMIT, 1).allowed());
    }
    let server = Server::start();
    goes_beyond(&server, Fixed);
    goes_beyond(&server, Elastic);
    goes_beyond(&server, Moving);
    goes_beyond(&server, SlidingCounter);
    goes_beyond(&server, Gcra);
}

#[test]
fn nothing_is_settled_in_a_window_that_is_another() {
    let server = Server::start();
    let now = server.now() / 1_000;
    for used in [0, 9] {
        let fixed = charge(&server, Fixed, 5);
        server.keep_counter(STORED, 5, now + 1_000_000);
        let sliding = charge(&server, SlidingCounter, 5);
        server.keep_counter(CURRENT, 5, now + 4_000_000);
        server.keep_counter(PREVIOUS, 5, now + 400_000);
        let entries = || [STORED, CURRENT, PREVIOUS].map(|name| server.entry(name));
        let before = entries();
        assert_eq!(server.settle(Fixed, fixed, used), Settled::NOTHING);
        assert_eq!(
            server.settle(SlidingCounter, sliding, used),
            Settled::NOTHING
        );
        assert_eq!(entries(), before);
        let () = server.ask(&["FLUSHALL"]);
    }
}

#[test]
fn nothing_is_settled_in_a_window_that_was_cleared() {
    fn is_cleared<K: Scripted>(server: &Server, kind: K) {
        for used in [0, 9] {
            let charge = charge(server, kind, 5);
            let () = server.ask(&["FLUSHALL"]);
            let settled = server.settle(kind, charge, used);
            assert_eq!(settled, Settled::NOTHING, "{}", kind.name());
            assert_eq!(server.ask::<u64>(&["DBSIZE"]), 0, "{}", kind.name());
        }
    }
    let server = Server::start();
    is_cleared(&server, Fixed);
    is_cleared(&server, Elastic);
    is_cleared(&server, Moving);
    is_cleared(&server, SlidingCounter);
    is_cleared(&server, Gcra);
}

/// Of so many units that any count of those given back may be this bucket's.
#[test]
fn nothing_more_is_taken_from_a_large_bucket_that_was_cleared() {
    let server = Server::start();
    let limit = Limit::new(1 << 43, LIMIT.period());
    let charge = server.hit(Gcra, limit, 1 << 42).charge();
    let charge = charge.expect("the bucket was full");
    server.forget(BUCKET);
    let settled = server.settle(Gcra, charge, 1 << 43);
    assert_eq!(settled, Settled::NOTHING);
    assert!(server.entry(BUCKET).is_absent());
}

#[test]
fn no_key_is_left_of_what_is_given_back_at_once() {
    let server = Server::start();
    let fixed = charge(&server, Fixed, 5);
    assert_eq!(server.settle(Fixed, fixed, 0), Settled::given_back(5));
    let moving = charge(&server, Moving, 5);
    assert_eq!(server.settle(Moving, moving, 0), Settled::given_back(5));
    let sliding = charge(&server, SlidingCounter, 5);
    assert_eq!(
        server.settle(SlidingCounter, sliding, 0),
        Settled::given_back(5)
    );
    assert_eq!(server.ask::<u64>(&["DBSIZE"]), 0);
}

/// In the window before, whichever key that is under.
#[test]
fn a_charge_of_a_sliding_window_is_settled_after_its_turn() {
    const PERIOD: Duration = Duration::from_millis(400);
    let limit = Limit::new(AMOUNT, PERIOD.into());
    let server = Server::start();
    for is_shifted in [false, true] {
        let () = server.ask(&["FLUSHALL"]);
        let mut charges = [7, 5].map(|cost| server.hit(SlidingCounter, limit, cost).charge());
        thread::sleep(PERIOD + Duration::from_millis(20));
        if is_shifted {
            assert!(server.hit(SlidingCounter, limit, 1).allowed());
        }
        let [first, second] = charges
            .each_mut()
            .map(|charge| charge.take().expect("it took"));
        let settled = server.settle(SlidingCounter, first, 3);
        assert_eq!(settled, Settled::given_back(4), "shifted: {is_shifted}");
        let name = if is_shifted { PREVIOUS } else { CURRENT };
        assert_eq!(server.counter(name).map(|(count, _)| count), Some(8));
        thread::sleep(PERIOD);
        let settled = server.settle(SlidingCounter, second, 0);
        assert_eq!(settled, Settled::NOTHING, "shifted: {is_shifted}");
    }
}

#[test]
fn what_a_moving_window_takes_beyond_a_charge_is_among_the_entries_of_its_hit() {
    let server = Server::start();
    for newer in [0, 1, 4_999, 5_000, 10_001] {
        let limit = Limit::new(30_000, LIMIT.period());
        server.forget(STORED);
        assert!(server.hit(Moving, limit, 2).allowed());
        let charge = server.hit(Moving, limit, 3).charge().expect("it took");
        if newer > 0 {
            assert!(server.hit(Moving, limit, newer).allowed());
        }
        let before = server.list(STORED);
        assert_eq!(
            server.settle(Moving, charge, 10_005),
            Settled::taken(10_002)
        );
        let (list, newer) = (
            server.list(STORED),
            usize::try_from(newer).expect("it is small"),
        );
        assert_eq!(list[..newer], before[..newer]);
        assert_eq!(
            list[newer..newer + 10_005],
            vec![before[newer].clone(); 10_005]
        );
        assert_eq!(list[newer + 10_005..], before[newer + 3..]);
        assert!(server.entry(STORED).end > 0);
    }
}

#[test]
fn what_a_moving_window_took_beyond_a_charge_counts_when_a_newer_one_is_given_back() {
    let server = Server::start();
    let [older, newer] = [(), ()].map(|()| charge(&server, Moving, 20));
    let settled = server.settle(Moving, older, 20 + AMOUNT);
    assert_eq!(settled, Settled::taken(AMOUNT));
    assert_eq!(server.settle(Moving, newer, 0), Settled::given_back(20));
    let hit = server.hit(Moving, LIMIT, 1);
    assert!(!hit.allowed(), "{hit:?}");
}

#[test]
fn a_list_keeps_no_more_than_twice_the_amount() {
    let server = Server::start();
    let charges: Vec<_> = (0..AMOUNT).map(|_| charge(&server, Moving, 1)).collect();
    for charge in charges {
        assert_eq!(server.settle(Moving, charge, 99), Settled::taken(98));
    }
    assert_eq!(server.ask::<u64>(&["LLEN", STORED]), 2 * AMOUNT);
    assert!(!server.hit(Moving, LIMIT, 1).allowed());
}

/// When the bucket is full, as a fraction of microseconds: the amount times the instant.
fn full_at(server: &Server) -> u128 {
    let text: String = server.ask(&["GET", BUCKET]);
    let numbers: Vec<u128> = text
        .split(' ')
        .map(|n| n.parse().expect("a number"))
        .collect();
    numbers[0] * u128::from(AMOUNT) - numbers[1]
}

#[test]
fn a_bucket_is_full_sooner_by_what_is_given_back_and_later_by_what_is_taken() {
    let server = Server::start();
    let cases = (2..30_u64, 0..40_u64, 1..10_u64);
    for_all(200, &cases, |(cost, used, others)| {
        server.forget(BUCKET);
        let begin = server.now();
        let hit = charge(&server, Gcra, cost);
        let _others = charge(&server, Gcra, others);
        let before = full_at(&server);
        let settled = server.settle(Gcra, hit, used);
        let after = full_at(&server);
        let refilled = u128::from((server.now() - begin) * AMOUNT);
        let units = |units: u64| u128::from(units) * u128::from(LIMIT.period().as_micros());
        if used > cost {
            let taken = after - before;
            prop_assert!(taken <= units(settled.taken) && settled.taken <= used - cost);
            prop_assert!(taken + units(1) > units(settled.taken));
            let full = server.test(Gcra, LIMIT, 1);
            prop_assert!(settled.taken == used - cost || !full.allowed());
        } else {
            prop_assert_eq!(settled, Settled::given_back(cost - used));
            // But for what may have been refilled of it.
            let given_back = before - after;
            prop_assert!(given_back <= units(cost - used));
            prop_assert!(given_back + refilled >= units(cost - used));
        }
        Ok(())
    });
}

#[test]
fn charges_that_many_settle_at_once_are_all_settled_or_say_so() {
    use futures_util::future::join_all;
    use limits::{Keeps, StorageErrorKind};

    let server = Server::start();
    let limit = Limit::new(1_000, LIMIT.period());
    let charges: Vec<_> = (0..60)
        .map(|_| server.hit(Gcra, limit, 10).charge().expect("it took"))
        .collect();
    let key = crate::server::key();
    let settle = charges
        .into_iter()
        .map(|charge| server.storage().settle(Gcra, key, charge, 5, HERE));
    let mut given_back = 0;
    for settled in server.wait(join_all(settle)) {
        match settled {
            Ok(settled) => given_back += settled.given_back,
            Err(error) => assert_eq!(error.kind(), StorageErrorKind::Contended, "{error}"),
        }
    }
    let left = server.test(Gcra, limit, 0).remaining();
    // Some was refilled meanwhile.
    assert!(
        (400 + given_back..430 + given_back).contains(&left),
        "{left}: {given_back}"
    );
    println!("{given_back} of 300 given back");
}

#[test]
fn a_moving_window_gives_back_the_entries_of_the_hit_and_no_others() {
    let server = Server::start();
    let hit = charge(&server, Moving, 3);
    let taken = server.list(STORED)[0].clone();
    let others = [1, 2].map(|later| format!("{}.000000", server.now() / 1_000_000 + later));
    let list = [&others[1], &others[0], &taken, &taken].map(Clone::clone);
    server.keep_list(STORED, &list);
    let () = server.ask(&["EXPIRE", STORED, "3600"]);
    assert_eq!(server.settle(Moving, hit, 0), Settled::given_back(2));
    assert_eq!(
        server.list(STORED),
        [&others[1], &others[0]].map(Clone::clone)
    );
}
