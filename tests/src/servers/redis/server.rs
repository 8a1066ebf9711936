use core::time::Duration;
use std::path::{Path, PathBuf};

use super::access::{Access, Login};
use super::config::socket_in;
use super::options::RedisOptions;
use crate::servers::Error;
use crate::servers::process::Process;
use crate::servers::tls::TlsFiles;

pub(crate) const CLI_LIMIT: Duration = Duration::from_secs(5);

/// A Redis server; dropping it kills it and removes its folder.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::RedisServer;
///
/// let server = RedisServer::start()?;
/// server.cli(&["SET", "a", "1"])?;
/// server.kill()?;
/// server.restart()?;
/// assert_eq!(server.cli(&["EXISTS", "a"])?, "0");
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
pub struct RedisServer {
    pub(super) process: Process,
    pub(super) access: Access,
    pub(super) options: RedisOptions,
}

impl RedisServer {
    /// Starts a server with the default [`RedisOptions`] and waits until it answers.
    ///
    /// # Errors
    ///
    /// As [`RedisOptions::start`].
    pub fn start() -> Result<Self, Error> {
        RedisOptions::new().start()
    }

    /// The port on 127.0.0.1: with TLS if the options say so.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.access.port
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// `redis://127.0.0.1:PORT/0`, with `rediss` for TLS, and with the credentials if any.
    #[must_use]
    pub fn uri(&self) -> String {
        let (scheme, user_info) = (self.access.scheme(), self.access.user_info());
        format!("{scheme}://{user_info}{}/0", self.address())
    }

    /// The file of the unix socket, if there is one.
    #[must_use]
    pub fn socket_file(&self) -> Option<PathBuf> {
        self.options.has_socket.then(|| socket_in(self.folder()))
    }

    /// The files of TLS, if it is on.
    #[must_use]
    pub fn tls_files(&self) -> Option<&TlsFiles> {
        self.access.tls.as_ref()
    }

    /// The process id, the last one if the server has been killed.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The server's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// The last lines of the server's log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    /// Claims that the server runs: it has neither been killed nor stopped.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.is_running()
    }

    /// Sends one command with redis-cli and returns its answer, at most 5 seconds later.
    ///
    /// A missing value is an empty answer; a list has a line for each element. Each call has a
    /// connection of its own: `WAIT` waits for no write of an earlier one.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if the server cannot be reached or refuses the command,
    /// [`Error::TimedOut`] if it does not answer.
    pub fn cli(&self, arguments: &[&str]) -> Result<String, Error> {
        self.cli_within(CLI_LIMIT, arguments)
    }

    /// As [`cli`](Self::cli) with another limit of time, which is rounded up to seconds.
    ///
    /// # Errors
    ///
    /// As [`cli`](Self::cli).
    pub fn cli_within(&self, limit: Duration, arguments: &[&str]) -> Result<String, Error> {
        self.access.cli(arguments, limit)
    }

    /// Kills the server with SIGKILL and waits for its end; its port and folder stay its own.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the process cannot be reached.
    pub fn kill(&self) -> Result<(), Error> {
        self.process.kill()
    }

    /// Stops the server with SIGSTOP: its connections stay open, but nothing is answered.
    ///
    /// # Errors
    ///
    /// As [`kill`](Self::kill), and [`Error::Ended`] after a kill.
    pub fn stop(&self) -> Result<(), Error> {
        self.process.stop()
    }

    /// Lets a stopped server go on, with SIGCONT.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop).
    pub fn resume(&self) -> Result<(), Error> {
        self.process.resume()
    }

    /// Starts the server again with its port and folder, and waits until it answers.
    ///
    /// A running one is killed first. A replica may not be in sync yet.
    ///
    /// # Errors
    ///
    /// As [`RedisOptions::start`].
    pub fn restart(&self) -> Result<(), Error> {
        self.process.restart()?;
        self.wait_until_ready()
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) fn user_info(&self) -> String {
        self.access.user_info()
    }

    pub(crate) fn login(&self) -> Option<&Login> {
        self.access.login.as_ref()
    }
}
