//! Hits a second over one Redis server: this crate, the `redis` crate alone that
//! runs the same scripts, and Python `limits` if `PYTHON_LIMITS` names a Python
//! that has it (`tests/python-limits` makes one).
//!
//! All in one run on one server, in short turns: the ratio to the raw client is the
//! median of those of neighbouring turns, since a machine with little to do is slower
//! at times; the rates are those of the fastest turns.
//! `cargo bench -p limits-tests --bench redis`

mod ours;
mod python;
mod raw;

use core::time::Duration;
use std::time::Instant;

use limits::StrategyName;
use limits_tests::servers::RedisServer;
use tokio::runtime::Builder;

use ours::Ours;
use raw::Raw;

type Failure = Box<dyn core::error::Error>;

const ROUNDS: usize = 41;
const KEYS: usize = 1_000;

/// The hits of one turn, by how many tasks at once.
const HITS: [(usize, usize); 2] = [(1, 500), (64, 8_000)];

/// Those of Python, which takes longer.
const PYTHON_HITS: usize = 4_000;

/// High enough that no hit is refused.
const AMOUNT: u64 = 1_000_000;

const STRATEGIES: [StrategyName; 4] = [
    StrategyName::FixedWindow,
    StrategyName::MovingWindow,
    StrategyName::SlidingWindowCounter,
    StrategyName::Gcra,
];

fn main() -> Result<(), Failure> {
    let server = RedisServer::start()?;
    println!("hits a second on one Redis server, from one thread");
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
    server.cli(&["FLUSHALL"])?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let pairs = runtime.block_on(pairs(server, strategy, tasks, hits))?;
    let fastest = |times: fn(&(Duration, Duration)) -> Duration| {
        let times = pairs.iter().map(times);
        rate(hits, times.min().unwrap_or_default())
    };
    let (raw, ours) = (fastest(|pair| pair.0), fastest(|pair| pair.1));
    let mut ratios: Vec<u128> = pairs
        .iter()
        .map(|(raw, ours)| percent(*raw, *ours))
        .collect();
    ratios.sort_unstable();
    let to_raw = decimal(ratios[ratios.len() / 2]);
    server.cli(&["FLUSHALL"])?;
    let python = python::fastest(server, strategy, tasks, PYTHON_HITS)?;
    let [python, to_python] = match python {
        Some(python) => [python.to_string(), decimal(ours * 100 / python.max(1))],
        None => ["-".to_owned(), "-".to_owned()],
    };
    Ok(format!(
        "{raw:>9}{ours:>9}{to_raw:>10}{python:>9}{to_python:>13}"
    ))
}

/// Measures the raw client and ours in turn.
async fn pairs(
    server: &RedisServer,
    strategy: StrategyName,
    tasks: usize,
    hits: usize,
) -> Result<Vec<(Duration, Duration)>, Failure> {
    let raw = Raw::connect(server, strategy).await?;
    let ours = Ours::connect(server, strategy).await?;
    let mut pairs = Vec::new();
    for _ in 0..ROUNDS {
        let raw = drive(tasks, hits, async |user| raw.hit(user).await).await?;
        let ours = drive(tasks, hits, async |user| ours.hit(user).await).await?;
        pairs.push((raw, ours));
    }
    Ok(pairs)
}

fn percent(raw: Duration, ours: Duration) -> u128 {
    raw.as_nanos() * 100 / ours.as_nanos().max(1)
}

/// Writes hundredths.
fn decimal(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn rate(hits: usize, time: Duration) -> u128 {
    hits as u128 * Duration::from_secs(1).as_nanos() / time.as_nanos().max(1)
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
