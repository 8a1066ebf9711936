use core::time::Duration;
use std::process::{Command, Output};

use super::Error;

/// The exit codes of `timeout` for a program that took too long, or is not there.
const TOOK_TOO_LONG: i32 = 124;
const NOT_FOUND: i32 = 127;

/// A program and the Debian packages that have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) packages: &'static str,
}

impl Program {
    pub(crate) fn is_missing(self) -> Error {
        Error::NoProgram {
            program: self.name.to_owned(),
            packages: self.packages,
        }
    }

    /// Runs the program, which `timeout` kills after `limit`, to its end.
    ///
    /// `prepare` adds arguments and variables; `shown` stands for them in errors.
    pub(crate) fn run(
        self,
        limit: Duration,
        shown: &str,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<String, Error> {
        let mut command = Command::new("timeout");
        command
            .arg(limit.as_millis().div_ceil(1000).to_string())
            .arg(self.name);
        prepare(&mut command);
        let output = command.output().map_err(Error::io("timeout"))?;
        self.judge(&output, limit, shown)
    }

    fn judge(self, output: &Output, limit: Duration, shown: &str) -> Result<String, Error> {
        let text = String::from_utf8_lossy(&output.stdout);
        let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        match output.status.code() {
            Some(0) => Ok(text),
            Some(TOOK_TOO_LONG) => Err(Error::TimedOut {
                until: format!("`{} {shown}` ended", self.name),
                limit,
                seen: text,
            }),
            Some(NOT_FOUND) => Err(self.is_missing()),
            _ => Err(Error::Command {
                command: format!("{} {shown}", self.name),
                answer: text + String::from_utf8_lossy(&output.stderr).trim_end(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::servers::process::Process;

    const ABSENT: Program = Program {
        name: "no-such-server",
        packages: "no-such-package",
    };
    const MESSAGE: &str = "no no-such-server; install it with: apt-get install no-such-package";

    #[test]
    fn a_missing_command_names_its_package() {
        let result = ABSENT.run(Duration::from_secs(1), "", |_| ());
        assert_eq!(result.expect_err("it is missing").to_string(), MESSAGE);
    }

    #[test]
    fn a_missing_server_names_its_package() {
        let folder = TempDir::new().expect("there is a temporary folder");
        let result = Process::start(ABSENT, &[], folder);
        assert_eq!(result.expect_err("it is missing").to_string(), MESSAGE);
    }
}
