//! Hits by all sides at the same moment.

use core::num::NonZeroU32;
use core::time::Duration;
use std::thread;

use limits::{Micros, RateLimitItem, StrategyName, Timestamp};
use limits_tests::servers::RedisServer;

use super::side::{Hits, STRATEGIES, Side, Window};
use super::sides::Sides;

/// Whom the rounds with one limit are for.
const ROUNDS: [&[&str]; 8] = [
    &["1"],
    &["2"],
    &["3"],
    &["4"],
    &["5"],
    &["6"],
    &["7"],
    &["8"],
];

/// How long from the order to hit until the hits, in which each side gets ready.
const NOTICE: Micros = Micros::from_millis(50);

#[test]
fn hits_of_cost_1_take_the_limit_exactly() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for strategy in STRATEGIES {
        for (amount, rounds) in [(5, 8), (50, 4), (1_000, 1)] {
            for identifiers in &ROUNDS[..rounds] {
                let window = Window {
                    strategy,
                    item: RateLimitItem::per_minute(amount).with_namespace(strategy.as_str()),
                    identifiers,
                };
                takes_exactly(&sides, window, ones(amount / 2 + 1));
            }
        }
    }
}

#[test]
fn mixed_costs_and_then_ones_take_the_limit_exactly() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for strategy in [
        StrategyName::MovingWindow,
        StrategyName::SlidingWindowCounter,
    ] {
        for identifiers in &ROUNDS[..3] {
            let window = Window {
                strategy,
                item: RateLimitItem::per_minute(1_000).with_namespace(strategy.as_str()),
                identifiers,
            };
            // What is left when the first mixed cost is refused is less than the ones.
            takes_exactly(&sides, window, [mixed(), ones(40)].concat());
        }
    }
}

/// Python's fixed window counts what it refuses, so less than the limit may be admitted.
#[test]
fn mixed_costs_never_take_more_than_a_fixed_window_has() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    for identifiers in &ROUNDS[..3] {
        let window = Window {
            strategy: StrategyName::FixedWindow,
            item: RateLimitItem::per_minute(1_000),
            identifiers,
        };
        let admitted = sides.hit_all(window, &soon(mixed()));
        let sum: u64 = admitted.iter().sum();
        assert!((961..=1_000).contains(&sum), "{admitted:?} in {window:?}");
        let remaining = sides.all().map(|side| side.stats(window).remaining);
        let remaining: Vec<u64> = remaining.collect();
        let is_same = remaining.windows(2).all(|pair| pair[0] == pair[1]);
        assert!(is_same, "{remaining:?} remain in {window:?}");
    }
}

/// All sides hit a short window without a break, and whoever comes first begins the next one.
#[test]
fn hits_of_cost_1_take_each_of_many_fixed_windows_exactly() {
    let server = RedisServer::start().expect("Redis starts");
    let sides = Sides::start(&server.uri());
    let two = NonZeroU32::new(2).expect("it is not 0");
    let window = Window {
        strategy: StrategyName::FixedWindow,
        item: RateLimitItem::per_second(20).with_multiples(two),
        identifiers: &["short"],
    };
    let hits = Hits {
        pause: Duration::from_millis(40),
        ..soon(ones(480))
    };
    let (mut admitted, mut ends) = thread::scope(|scope| {
        let hitting = scope.spawn(|| sides.hit_all(window, &hits));
        let mut ends = Vec::new();
        while !hitting.is_finished() {
            ends.extend(end_of(window, &sides.ours));
            thread::sleep(Duration::from_millis(20));
        }
        (hitting.join().expect("a side says why it failed"), ends)
    });
    // The last window may have begun just now.
    while sides.ours.hit(window, 1) {
        admitted.push(1);
    }
    ends.extend(end_of(window, &sides.ours));
    // Two readings of one end differ by little, two ends by two seconds.
    ends.dedup_by(|next, end| next.saturating_since(*end) < Micros::from_secs(1));
    let (sum, windows): (u64, _) = (admitted.iter().sum(), ends.len());
    assert!(windows >= 3, "{admitted:?} until {ends:?}");
    assert_eq!(sum, 20 * windows as u64, "{admitted:?} until {ends:?}");
}

/// When a fixed window ends, `None` if there is none.
fn end_of(window: Window, side: &dyn Side) -> Option<Timestamp> {
    let stats = side.stats(window);
    (stats.remaining < window.item.amount()).then_some(stats.reset_time)
}

pub(super) fn takes_exactly(sides: &Sides, window: Window, costs: Vec<u64>) {
    let admitted = sides.hit_all(window, &soon(costs));
    let sum: u64 = admitted.iter().sum();
    let stats = sides.ours.stats(window);
    let said = format!("{admitted:?} in {window:?}, {stats:?}");
    assert_eq!(sum, window.item.amount(), "{said}");
    for side in sides.all() {
        assert_eq!(side.stats(window).remaining, 0, "{side}: {said}");
        assert!(!side.test(window, 1), "{side}: {said}");
        assert!(!side.hit(window, 1), "{side}: {said}");
    }
}

pub(super) fn ones(count: u64) -> Vec<u64> {
    (0..count).map(|_| 1).collect()
}

/// Costs of 288 units, so that four sides ask for more than 1,000.
pub(super) fn mixed() -> Vec<u64> {
    [7, 3, 1, 13, 2, 40, 5, 1].repeat(4)
}

fn soon(costs: Vec<u64>) -> Hits {
    let mut hits = Hits::now(costs);
    hits.at = hits.at.saturating_add(NOTICE);
    hits
}
