//! The commands that ask one question.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::args::{Common, DEFAULT_STORAGE, HitArgs, SubjectArgs};
use crate::engine::{Answer, Op, Operation};
use crate::failure::{Failure, REFUSED};
use crate::{output, setup, text};

/// `limits hit`.
pub(crate) async fn hit(common: &Common, args: HitArgs) -> Result<ExitCode, Failure> {
    ask(common, Operation::Hit(args.subject(common)?, None)).await
}

/// `limits test`.
pub(crate) async fn test(common: &Common, args: HitArgs) -> Result<ExitCode, Failure> {
    ask(common, Operation::Test(args.subject(common)?)).await
}

/// `limits stats`.
pub(crate) async fn stats(common: &Common, args: SubjectArgs) -> Result<ExitCode, Failure> {
    ask(common, Operation::Stats(args.subject(common, 0)?)).await
}

/// `limits clear`.
pub(crate) async fn clear(common: &Common, args: SubjectArgs) -> Result<ExitCode, Failure> {
    ask(common, Operation::Clear(args.subject(common, 0)?)).await
}

/// `limits check`.
pub(crate) async fn check(common: &Common) -> Result<ExitCode, Failure> {
    ask(common, Operation::Check).await
}

/// `limits reset`.
pub(crate) async fn reset(common: &Common, yes: bool) -> Result<ExitCode, Failure> {
    if !yes {
        let reason = "reset forgets every key of the storage; say --yes if that is meant";
        return Err(Failure::Usage(reason.to_owned()));
    }
    ask(common, Operation::Reset).await
}

async fn ask(common: &Common, operation: Operation) -> Result<ExitCode, Failure> {
    let op = operation.op();
    let answer = setup::engine(common)?.perform(operation).await?;
    show(common, op, &answer)?;
    hint(common);
    Ok(if answer.refuses() {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}

/// Writes an answer to stdout.
pub(crate) fn show(common: &Common, op: Op, answer: &Answer) -> Result<(), Failure> {
    let line = if common.json {
        answer.to_json(Some(op), None).map_err(Failure::Io)?
    } else {
        text::of(op, answer)
    };
    output::write_line(&line)?;
    Ok(())
}

/// Tells a person whose hits would never meet why.
fn hint(common: &Common) {
    if common.storage == DEFAULT_STORAGE && io::stderr().is_terminal() {
        let hint = "note: memory:// ends with this process, so the next command starts afresh; \
                    see `limits --help`";
        // A note that can't be written is not missed.
        let _ = writeln!(io::stderr(), "{hint}");
    }
}
