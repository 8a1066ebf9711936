//! Large counts are told to commands as text. Servers from Redis 7.2 on write a number of
//! Lua from 2^52 on with an exponent, which no command reads.

use super::MOST;
use crate::server::Server;

const STORED: &str = "LIMITS:key";
const CURRENT: &str = "LIMITS:{key}";
const PREVIOUS: &str = "LIMITS:{key}/-1";

const LARGE: u64 = (1 << 52) + 1;

const CALL: &str = "local call = redis.call";

/// Calls, but not with a large number.
const CAREFUL_CALL: &str = "
local function call(...)
  for _, argument in ipairs({ ... }) do
    assert(type(argument) ~= 'number' or math.abs(argument) < 2 ^ 52, 'a large number')
  end
  return redis.call(...)
end";

macro_rules! script {
    ($($file:literal)+) => {
        concat!($(include_str!(concat!("../../../../std-adapters/src/redis/scripts/", $file))),+)
    };
}

const FIXED: &str = script!("window.lua" "counter.lua" "fixed.lua" "acquire.lua");
const SETTLE: &str =
    script!("window.lua" "counter.lua" "fixed.lua" "correct.lua" "settle_fixed.lua");
const SLIDING: &str = script!("window.lua" "counter.lua" "sliding.lua" "acquire.lua");

/// Runs a script with careful calls, which tells numbers.
fn run<const N: usize>(server: &Server, script: &str, keys: &[&str], arguments: &str) -> [i64; N] {
    assert!(script.contains(CALL), "{script}");
    let script = script.replace(CALL, CAREFUL_CALL);
    let count = keys.len().to_string();
    let mut command = vec!["EVAL", &script, &count];
    command.extend(keys);
    command.extend(arguments.split(' '));
    server.ask(&command)
}

fn count(server: &Server, name: &str) -> Option<u64> {
    let (count, _) = server.counter(name)?;
    u64::try_from(count).ok()
}

#[test]
fn a_fixed_window_tells_large_counts_as_text() {
    let server = Server::start();
    let hit = |cost: u64| {
        let arguments = format!("fixed {MOST} 60000 {cost} {cost} 1");
        let [fits, ..]: [i64; 5] = run(&server, FIXED, &[STORED], &arguments);
        assert_eq!(fits, 1, "{cost}");
    };
    hit(LARGE);
    server.forget(STORED);
    hit(1);
    hit(LARGE);
    assert_eq!(count(&server, STORED), Some(LARGE + 1));
    let far = server.now() + 60_000_000;
    for (back, more, after) in [(LARGE, 0, 1), (0, LARGE, LARGE + 1)] {
        let arguments = format!("{far} {back} {more} fixed {MOST} 60000 0 0 1");
        let script = SETTLE.replacen("return settled", "return { settled }", 1);
        let [_]: [i64; 1] = run(&server, &script, &[STORED], &arguments);
        assert_eq!(count(&server, STORED), Some(after));
    }
}

#[test]
fn a_sliding_window_tells_large_counts_as_text() {
    let server = Server::start();
    let hit = |cost: u64| {
        let arguments = format!("sliding {MOST} 60000 {cost} {cost}");
        let [fits, ..]: [i64; 5] = run(&server, SLIDING, &[CURRENT, PREVIOUS], &arguments);
        assert_eq!(fits, 1, "{cost}");
    };
    hit(LARGE);
    server.forget(CURRENT);
    hit(1);
    hit(LARGE);
    assert_eq!(count(&server, CURRENT), Some(LARGE + 1));
    // What has become the previous window.
    server.keep_counter(CURRENT, LARGE, server.now() / 1_000 + 30_000);
    hit(1);
    assert_eq!(count(&server, PREVIOUS), Some(LARGE));
}
