use std::env;
use std::process::Command;

use limits::StrategyName;
use limits_tests::servers::RedisServer;

use super::{AMOUNT, Failure, KEYS};

const IMPLEMENTATIONS: [&str; 2] = ["redispy", "coredis"];
const ROUNDS: usize = 3;

/// The hits a second of the faster of its clients, `None` without Python, and for a
/// strategy that it has not.
pub(super) fn fastest(
    server: &RedisServer,
    strategy: StrategyName,
    tasks: usize,
    hits: usize,
) -> Result<Option<u128>, Failure> {
    let python = env::var_os("PYTHON_LIMITS").filter(|_| strategy != StrategyName::Gcra);
    let Some(python) = python else {
        return Ok(None);
    };
    let mut fastest = 0;
    for implementation in IMPLEMENTATIONS {
        let output = Command::new(&python)
            .args(["-c", include_str!("hits.py"), &server.uri(), implementation])
            .arg(strategy.as_str())
            .args([tasks, hits, KEYS, ROUNDS].map(|number| number.to_string()))
            .arg(AMOUNT.to_string())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let rate: u128 = String::from_utf8(output.stdout)?.trim().parse()?;
        fastest = fastest.max(rate);
    }
    Ok(Some(fastest))
}
