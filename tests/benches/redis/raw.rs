use limits::{RateLimitItem, StrategyName};
use limits_tests::servers::RedisServer;
use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, cmd};

use super::{AMOUNT, Failure, KEYS};

macro_rules! script {
    ($($file:literal)+) => {
        concat!(
            $(include_str!(concat!("../../../std-adapters/src/redis/scripts/", $file)),)+
            include_str!("../../../std-adapters/src/redis/scripts/acquire.lua"),
        )
    };
}

const FIXED: &str = script!("window.lua" "counter.lua" "fixed.lua");
const MOVING: &str = script!("window.lua" "moving.lua");
const SLIDING: &str = script!("window.lua" "counter.lua" "sliding.lua");
const GCRA: &str = script!("window.lua" "gcra.lua");

/// The least that a caller of the same script can do: keys at hand, one
/// multiplexed connection, `EVALSHA`.
pub(super) struct Raw {
    connection: MultiplexedConnection,
    sha1: String,
    strategy: StrategyName,
    /// The second is of the previous window, where there is one.
    keys: Vec<[String; 2]>,
}

impl Raw {
    pub(super) async fn connect(
        server: &RedisServer,
        strategy: StrategyName,
    ) -> Result<Self, Failure> {
        let client = Client::open(server.uri())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let script = match strategy {
            StrategyName::MovingWindow => MOVING,
            StrategyName::SlidingWindowCounter => SLIDING,
            StrategyName::Gcra => GCRA,
            _ => FIXED,
        };
        let load = cmd("SCRIPT").arg("LOAD").arg(script).to_owned();
        let sha1 = load.query_async(&mut connection).await?;
        let item = RateLimitItem::per_minute(AMOUNT);
        let keys = (0..KEYS).map(|user| item.key_for(&format!("raw-{user}")).to_string());
        Ok(Self {
            connection,
            sha1,
            strategy,
            keys: keys
                .map(|key| [format!("LIMITS:{{{key}}}"), format!("LIMITS:{{{key}}}/-1")])
                .collect(),
        })
    }

    pub(super) async fn hit(&self, user: usize) -> Result<(), Failure> {
        let mut connection = self.connection.clone();
        let call = call(&self.sha1, self.strategy, &self.keys[user]);
        let reply: Vec<i64> = call.query_async(&mut connection).await?;
        if reply[0] == 1 {
            Ok(())
        } else {
            Err("refused".into())
        }
    }
}

fn call(sha1: &str, strategy: StrategyName, keys: &[String; 2]) -> Cmd {
    let mut call = cmd("EVALSHA");
    call.arg(sha1);
    match strategy {
        StrategyName::MovingWindow => call
            .arg((1, &keys[0]))
            .arg(("moving", AMOUNT, 60_000_000, 1, 1)),
        StrategyName::SlidingWindowCounter => call
            .arg((2, &keys[0], &keys[1]))
            .arg(("sliding", AMOUNT, 60_000, 1, 1)),
        StrategyName::Gcra => call
            .arg((1, &keys[0]))
            .arg(("gcra", AMOUNT, 60_000_000, 60, 0, 60, 0, 0)),
        _ => call
            .arg((1, &keys[0]))
            .arg(("fixed", AMOUNT, 60_000, 1, 1, 0)),
    };
    call
}
