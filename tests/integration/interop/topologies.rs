//! Servers in groups.

use limits::{RateLimitItem, StrategyName};
use limits_tests::servers::{RedisCluster, RedisSentinels};
use serde_json::json;

use super::side::{Side, Window};
use super::sides::Sides;
use super::state::PAIRS;
use super::together::{mixed, ones, takes_exactly};

#[test]
fn all_sides_take_a_limit_in_a_cluster_exactly() {
    let cluster = RedisCluster::start().expect("Redis starts");
    take_exactly(&Sides::start(&cluster.uri()));
}

#[test]
fn all_sides_take_a_limit_behind_sentinels_exactly() {
    let sentinels = RedisSentinels::start().expect("Redis starts");
    // Python reads from replicas otherwise, which may not know yet.
    let options = json!({"use_replicas": false});
    take_exactly(&Sides::start_with(&sentinels.uri(), &options));
}

fn take_exactly(sides: &Sides) {
    for strategy in [
        StrategyName::MovingWindow,
        StrategyName::SlidingWindowCounter,
    ] {
        let window = |amount, identifiers| Window {
            strategy,
            item: RateLimitItem::per_minute(amount).with_namespace(strategy.as_str()),
            identifiers,
        };
        for identifiers in PAIRS {
            takes_exactly(sides, window(20, identifiers), ones(11));
        }
        let costs = [mixed(), ones(40)].concat();
        takes_exactly(sides, window(1_000, &["mixed"]), costs);
    }
    assert_eq!(sides.ours.reset(), 14);
}
