//! A process that never outlives the one that started it.

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::Error;
use super::keeper::Keeper;
use super::program::Program;
use super::wait::wait_until;

const LOG_LINES: usize = 20;
const SIGNAL_LIMIT: Duration = Duration::from_secs(5);

/// A running program in a temporary folder; dropping it kills the program and removes the folder.
///
/// Both also happen when this process ends without dropping it: by `exit`, by SIGKILL, in a
/// `static`. A small shell script looks after the program and reads from a pipe whose other end
/// is held here, so it learns of every end.
#[derive(Debug)]
pub struct Process {
    program: Program,
    keeper: Mutex<Keeper>,
    folder: TempDir,
}

impl Process {
    /// Starts `program` in `folder`, where its output goes to the file `log`.
    ///
    /// # Errors
    ///
    /// [`Error::NoProgram`] if it is not installed, [`Error::Io`] if it cannot be started.
    pub(crate) fn start(
        program: Program,
        arguments: &[String],
        folder: TempDir,
    ) -> Result<Self, Error> {
        let keeper = Keeper::start(program, arguments, folder.path())?;
        Ok(Self {
            program,
            keeper: Mutex::new(keeper),
            folder,
        })
    }

    /// The process id, the last one if the program has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.keeper().pid()
    }

    /// The temporary folder, in which the program runs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file with what the program wrote to its standard output and error.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.folder().join("log")
    }

    /// The last lines of the log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.log_file()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// Claims that the program runs: it has neither ended nor been stopped.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state()
            .is_some_and(|state| !matches!(state, 'T' | 'X' | 'Z'))
    }

    /// Claims that the program has ended, by itself or by a signal.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.state().is_none_or(|state| matches!(state, 'X' | 'Z'))
    }

    /// Kills the program with SIGKILL and waits for its end; the folder stays.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the keeper of the process is gone.
    pub fn kill(&self) -> Result<(), Error> {
        self.keeper().kill().map_err(Error::io(self.program.name))
    }

    /// Stops the program with SIGSTOP: its connections stay open, but nothing is answered.
    ///
    /// # Errors
    ///
    /// As [`kill`](Self::kill), and [`Error::Ended`] if the program has ended.
    pub fn stop(&self) -> Result<(), Error> {
        self.signal("STOP")?;
        self.wait_until_running(false)
    }

    /// Lets a stopped program go on, with SIGCONT.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop).
    pub fn resume(&self) -> Result<(), Error> {
        self.signal("CONT")?;
        self.wait_until_running(true)
    }

    /// Starts the program again in the same folder; kills it first if it runs.
    ///
    /// # Errors
    ///
    /// As [`kill`](Self::kill).
    pub fn restart(&self) -> Result<(), Error> {
        self.keeper()
            .restart()
            .map_err(Error::io(self.program.name))
    }

    pub(crate) fn ended(&self) -> Error {
        Error::Ended {
            program: self.program.name,
            log: self.log_tail(),
        }
    }

    fn signal(&self, name: &str) -> Result<(), Error> {
        if self.has_ended() {
            return Err(self.ended());
        }
        let sent = self.keeper().signal(name);
        sent.map_err(Error::io(self.program.name))
    }

    /// A signal is sent before it takes effect.
    fn wait_until_running(&self, expected: bool) -> Result<(), Error> {
        wait_until("a signal took effect", SIGNAL_LIMIT, || {
            let is_as_expected = self.is_running() == expected;
            is_as_expected.then_some(()).ok_or_else(|| self.log_tail())
        })
    }

    /// The state as in proc(5), `None` without such a process.
    fn state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
        // The name before it may hold any character.
        stat.rsplit_once(") ")?.1.chars().next()
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
