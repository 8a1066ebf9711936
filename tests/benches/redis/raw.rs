use core::time::Duration;

use limits::{RateLimitItem, StrategyName};
use limits_tests::servers::RedisServer;
use redis::{Client, Cmd, cmd};

use super::{AMOUNT, Failure, KEYS, drive};

const FIXED: &str = concat!(
    include_str!("../../../std-adapters/src/redis/scripts/counter.lua"),
    include_str!("../../../std-adapters/src/redis/scripts/fixed_window.lua"),
    include_str!("../../../std-adapters/src/redis/scripts/incr.lua"),
);
const MOVING: &str = concat!(
    include_str!("../../../std-adapters/src/redis/scripts/moving_window.lua"),
    include_str!("../../../std-adapters/src/redis/scripts/acquire_entry.lua"),
);
const SLIDING: &str = concat!(
    include_str!("../../../std-adapters/src/redis/scripts/counter.lua"),
    include_str!("../../../std-adapters/src/redis/scripts/sliding_window.lua"),
    include_str!("../../../std-adapters/src/redis/scripts/acquire_sliding_window_entry.lua"),
);

/// The least that a caller of the same script can do: keys at hand, one
/// multiplexed connection, `EVALSHA`.
pub(super) async fn run(
    server: &RedisServer,
    strategy: StrategyName,
    tasks: usize,
    hits: usize,
) -> Result<Duration, Failure> {
    let client = Client::open(server.uri())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let script = match strategy {
        StrategyName::MovingWindow => MOVING,
        StrategyName::SlidingWindowCounter => SLIDING,
        _ => FIXED,
    };
    let load = cmd("SCRIPT").arg("LOAD").arg(script).to_owned();
    let sha1: String = load.query_async(&mut connection).await?;
    let item = RateLimitItem::per_minute(AMOUNT);
    let keys: Vec<String> = (0..KEYS)
        .map(|user| item.key_for(&format!("user-{user}")).to_string())
        .map(|key| format!("LIMITS:{key}"))
        .collect();
    drive(tasks, hits, async |user| {
        let mut connection = connection.clone();
        let call = call(&sha1, strategy, &keys[user]);
        let reply: Vec<i64> = call.query_async(&mut connection).await?;
        if reply[0] == 1 {
            Ok(())
        } else {
            Err("refused".into())
        }
    })
    .await
}

fn call(sha1: &str, strategy: StrategyName, key: &str) -> Cmd {
    let mut call = cmd("EVALSHA");
    call.arg(sha1);
    match strategy {
        StrategyName::MovingWindow => call.arg(1).arg(key).arg((AMOUNT, 60_000_000, 1)),
        StrategyName::SlidingWindowCounter => {
            let keys = (format!("{{{key}}}"), format!("{{{key}}}/-1"));
            call.arg(2).arg(keys).arg((AMOUNT, 60_000, 1))
        }
        _ => call.arg(1).arg(key).arg((1, 60_000, AMOUNT, 0)),
    };
    call
}
