//! Hits a second over one Redis server: this crate, the `redis` crate alone that
//! runs the same scripts, and Python `limits` if `PYTHON_LIMITS` names a Python
//! that has it (`tests/python-limits` makes one).
//!
//! All in one run on one server, in turn; of each the fastest of several rounds.
//! `cargo bench -p limits-tests --bench redis`

mod ours;
mod python;
mod raw;

use core::time::Duration;
use std::time::Instant;

use limits::StrategyName;
use limits_tests::servers::RedisServer;
use tokio::runtime::Builder;

type Failure = Box<dyn core::error::Error>;

const ROUNDS: usize = 9;
const KEYS: usize = 1_000;

/// One subject's share of a round, by how many tasks at once.
const HITS: [(usize, usize); 2] = [(1, 4_000), (64, 40_000)];

/// High enough that no hit is refused.
const AMOUNT: u64 = 1_000_000;

const STRATEGIES: [StrategyName; 3] = [
    StrategyName::FixedWindow,
    StrategyName::MovingWindow,
    StrategyName::SlidingWindowCounter,
];

fn main() -> Result<(), Failure> {
    let server = RedisServer::start()?;
    println!("hits a second on one Redis server, fastest of {ROUNDS} rounds, one thread");
    println!("strategy                tasks      raw     ours  ours/raw   python  ours/python");
    for strategy in STRATEGIES {
        for (tasks, hits) in HITS {
            let row = measure(&server, strategy, tasks, hits)?;
            println!("{:<24}{tasks:>5}{row}", strategy.as_str());
        }
    }
    Ok(())
}

fn measure(
    server: &RedisServer,
    strategy: StrategyName,
    tasks: usize,
    hits: usize,
) -> Result<String, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut raw, mut ours) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        server.cli(&["FLUSHALL"])?;
        raw = raw.min(runtime.block_on(raw::run(server, strategy, tasks, hits))?);
        server.cli(&["FLUSHALL"])?;
        ours = ours.min(runtime.block_on(ours::run(server, strategy, tasks, hits))?);
    }
    server.cli(&["FLUSHALL"])?;
    let python = python::fastest(server, strategy, tasks, hits / 8)?;
    let [raw, ours] = [raw, ours].map(|time| rate(hits, time));
    let python = match python {
        Some(python) => [python.to_string(), ratio(ours, python)],
        None => ["-".to_owned(), "-".to_owned()],
    };
    let to_raw = ratio(ours, raw);
    let [python, to_python] = python;
    Ok(format!(
        "{raw:>9}{ours:>9}{to_raw:>10}{python:>9}{to_python:>13}"
    ))
}

fn rate(hits: usize, time: Duration) -> u128 {
    hits as u128 * Duration::from_secs(1).as_nanos() / time.as_nanos().max(1)
}

/// Writes a quotient with two decimals.
fn ratio(dividend: u128, divisor: u128) -> String {
    let hundredths = dividend * 100 / divisor.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Calls `hit` so often from so many tasks at once, on one user after the other.
async fn drive<H>(tasks: usize, hits: usize, hit: impl Fn(usize) -> H) -> Result<Duration, Failure>
where
    H: Future<Output = Result<(), Failure>>,
{
    let start = Instant::now();
    let tasks = (0..tasks).map(|task| {
        let hit = &hit;
        async move {
            for number in (task..hits).step_by(tasks) {
                hit(number % KEYS).await?;
            }
            Ok::<(), Failure>(())
        }
    });
    futures_util::future::try_join_all(tasks).await?;
    Ok(start.elapsed())
}
