//! Why a command can't do what it should, and the exit code that says so.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use limits::{ParseError, StorageError, StorageErrorKind};

/// The exit code of a refused hit.
pub(crate) const REFUSED: u8 = 1;

const USAGE: u8 = 2;
const FAILED: u8 = 3;

/// A reason to end without an answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong, or asks for help.
    Arguments(clap::Error),
    /// What was asked for can't be done like this.
    Usage(String),
    /// A program can't be started; with the exit code of shells.
    Start(String, u8),
    /// A hit was refused, and what it was for was not done.
    Refused(String),
    /// The storage can't decide.
    Storage(StorageError),
    /// The input can't be read or the answer can't be written.
    Io(io::Error),
}

impl Failure {
    /// Makes the failure of a wrong limit, with the place marked.
    pub(crate) fn wrong_limit(input: &str, error: ParseError) -> Self {
        // The only colon that belongs near a limit is that of a misplaced URI.
        if input.contains("://") {
            let reason = "expected a limit such as 10/minute and found a URI; \
                          a storage is named by --storage URI";
            return Self::Usage(reason.to_owned());
        }
        Self::Usage(error.pointing_into(input).to_string())
    }

    /// Says on stderr what failed and tells the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (message, code) = match self {
            Self::Arguments(error) => return report_arguments(&error),
            Self::Usage(message) => (format!("error: {message}"), USAGE),
            Self::Start(message, code) => (format!("error: {message}"), code),
            Self::Refused(message) => (message, REFUSED),
            Self::Storage(error) => (describe(&error), exit_code(error.kind())),
            Self::Io(error) => (format!("error: {error}"), FAILED),
        };
        // There is nowhere left to say that stderr is closed.
        let _ = writeln!(io::stderr(), "{message}");
        ExitCode::from(code)
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Arguments(error)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

const fn exit_code(kind: StorageErrorKind) -> u8 {
    match kind {
        StorageErrorKind::Configuration | StorageErrorKind::Unsupported => USAGE,
        _ => FAILED,
    }
}

fn describe(error: &StorageError) -> String {
    let advice = match error.kind() {
        StorageErrorKind::Configuration => "; see --storage and LIMITS_STORAGE",
        StorageErrorKind::Unsupported => "; choose another --strategy or --storage",
        _ => "",
    };
    format!("error: {error}{advice}")
}

fn report_arguments(error: &clap::Error) -> ExitCode {
    let arguments = env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let message = error.render().to_string();
    let hidden = hide_locations(&message, arguments);
    // What is asked for, such as help, and what hides nothing keeps its colours.
    let _ = if error.use_stderr() && hidden != message {
        write!(io::stderr(), "{hidden}")
    } else {
        error.print()
    };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE))
}

/// Hides what follows the scheme of each URI among the arguments: it may hold a password.
fn hide_locations(message: &str, arguments: impl Iterator<Item = String>) -> String {
    arguments.fold(message.to_owned(), |message, argument| {
        match argument.find("://").map(|start| &argument[start..]) {
            Some(location) => message.replace(location, "://…"),
            None => message,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_all_of_a_uri_but_its_scheme() {
        let arguments = ["limits", "--a=x://u:it's a p@h/?password=p", "y://z"];
        let hidden = hide_locations(
            "found 'x://u:it's a p@h/?password=p' and y://z, not memory://",
            arguments.map(str::to_owned).into_iter(),
        );
        assert_eq!(hidden, "found 'x://…' and y://…, not memory://");
    }
}
