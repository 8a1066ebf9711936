//! `limits run`.

use std::ffi::OsString;
use std::io;
use std::process::{self, ExitCode};

use crate::args::{Common, RunArgs};
use crate::engine::{Answer, Op};
use crate::failure::{Failure, REFUSED};
use crate::{setup, single, text};

/// The exit codes of shells for a command that is not there or is not a program.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Waits for its turn, then becomes the command.
pub(crate) async fn run(common: &Common, args: RunArgs) -> Result<ExitCode, Failure> {
    let subject = args.hit.subject(common)?;
    let engine = setup::engine(common)?;
    let answer = engine.turn(&subject, args.wait.into()).await?;
    if answer.refuses() {
        return refuse(common, &answer);
    }
    start(&args.command)
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
