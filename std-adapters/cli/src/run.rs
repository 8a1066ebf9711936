//! `limits run`.

use core::time::Duration;
use std::ffi::OsString;
use std::io;
use std::process::{self, ExitCode};
use std::time::Instant;

use crate::args::{Common, RunArgs};
use crate::engine::{Answer, Engine, Op, Operation, Seconds};
use crate::failure::{Failure, REFUSED};
use crate::{setup, single, text};

/// The exit codes of shells for a command that is not there or is not a program.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// The shortest pause between two hits, should a storage say to come back at once.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Waits for its turn, then becomes the command.
pub(crate) async fn run(common: &Common, args: RunArgs) -> Result<ExitCode, Failure> {
    let operation = Operation::Hit(args.hit.subject(common)?, None);
    let answer = turn(&mut setup::engine(common)?, &operation, args.wait.into()).await?;
    if answer.refuses() {
        return refuse(common, &answer);
    }
    start(&args.command)
}

/// Hits until it is allowed, or until the answer is that it won't be in time.
async fn turn(engine: &mut Engine, hit: &Operation, wait: Duration) -> Result<Answer, Failure> {
    let start = Instant::now();
    loop {
        let answer = engine.perform(hit.clone()).await?;
        let left = wait.saturating_sub(start.elapsed());
        match pause(&answer) {
            Some(pause) if pause <= left => tokio::time::sleep(pause).await,
            _ => return Ok(answer),
        }
    }
}

/// Tells how long to wait until the next hit, `None` if there is no need or no use.
fn pause(answer: &Answer) -> Option<Duration> {
    match answer {
        Answer::Decision {
            allowed: false,
            retry_after: Some(Seconds(wait)),
            ..
        } => Some((*wait).max(SHORTEST_PAUSE)),
        _ => None,
    }
}

/// Says so on stderr, since stdout is the command's; on stdout if JSON was asked for.
fn refuse(common: &Common, answer: &Answer) -> Result<ExitCode, Failure> {
    if common.json {
        single::show(common, Op::Hit, answer)?;
        return Ok(ExitCode::from(REFUSED));
    }
    Err(Failure::Refused(text::of(Op::Hit, answer)))
}

fn start(command: &[OsString]) -> Result<ExitCode, Failure> {
    let (program, arguments) = command.split_first().ok_or_else(|| {
        let reason = "expected a command after --, such as: -- curl http://localhost/";
        Failure::Usage(reason.to_owned())
    })?;
    become_command(process::Command::new(program).args(arguments)).map_err(|error| {
        let code = match error.kind() {
            io::ErrorKind::NotFound => NOT_FOUND,
            _ => NOT_EXECUTABLE,
        };
        let program = program.to_string_lossy();
        Failure::Start(format!("can't run `{program}`: {error}"), code)
    })
}

/// Replaces this process, so that signals and the exit code are the command's own.
#[cfg(unix)]
fn become_command(command: &mut process::Command) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// Runs the command and passes its exit code on, as far as it fits into one byte.
#[cfg(not(unix))]
fn become_command(command: &mut process::Command) -> io::Result<ExitCode> {
    let code = command.status()?.code();
    let code = code.and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use limits::RateLimitItem;

    use super::*;
    use crate::engine::Subject;

    /// A hit of a limit of one a second, of which there was one already.
    async fn second_hit() -> (Engine, Operation) {
        let storage = limits::storage_from_string("memory://").expect("a storage");
        let mut engine = Engine::new(storage);
        let subject = Subject {
            items: vec![RateLimitItem::per_second(1)],
            ids: vec!["me".to_owned()],
            cost: 1,
            namespace: "LIMITER".to_owned(),
            strategy: limits::StrategyName::FixedWindow,
        };
        let hit = Operation::Hit(subject, None);
        let first = turn(&mut engine, &hit, Duration::ZERO)
            .await
            .expect("memory");
        assert!(!first.refuses());
        (engine, hit)
    }

    #[tokio::test]
    async fn waits_for_its_turn_as_long_as_needed() {
        let (mut engine, hit) = second_hit().await;
        let start = Instant::now();
        let turn = turn(&mut engine, &hit, Duration::MAX)
            .await
            .expect("memory");
        assert!(!turn.refuses());
        let waited = start.elapsed();
        assert!(waited > Duration::from_millis(500), "{waited:?}");
    }

    #[tokio::test]
    async fn does_not_wait_in_vain() {
        let (mut engine, hit) = second_hit().await;
        let start = Instant::now();
        let wait = Duration::from_millis(100);
        let turn = turn(&mut engine, &hit, wait).await.expect("memory");
        assert!(turn.refuses());
        let waited = start.elapsed();
        assert!(waited < wait, "{waited:?}");
    }
}
