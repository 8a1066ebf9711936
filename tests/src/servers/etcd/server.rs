use core::time::Duration;
use std::path::Path;

use super::access::Access;
use super::options::EtcdOptions;
use super::stored::{EtcdEntry, EtcdLease, entries, lease, lease_ids};
use crate::servers::Error;
use crate::servers::process::Process;
use crate::servers::tls::TlsFiles;

pub(super) const CLI_LIMIT: Duration = Duration::from_secs(5);

/// An etcd server; dropping it kills it and removes its folder.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::EtcdServer;
///
/// let server = EtcdServer::start()?;
/// server.cli(&["put", "a", "1"])?;
/// server.kill()?;
/// server.restart()?;
/// assert_eq!(server.entries("")?[0].value, "1");
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
pub struct EtcdServer {
    pub(super) process: Process,
    pub(super) access: Access,
    pub(super) options: EtcdOptions,
    /// What no other server is called.
    pub(super) name: String,
}

impl EtcdServer {
    /// Starts a server with the default [`EtcdOptions`] and waits until it can be written to.
    ///
    /// # Errors
    ///
    /// As [`EtcdOptions::start`].
    pub fn start() -> Result<Self, Error> {
        EtcdOptions::new().start()
    }

    /// The port on 127.0.0.1: with TLS if the options say so.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.access.port
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        self.access.address()
    }

    /// `etcd://127.0.0.1:PORT`, with the credentials of the user if any, and the options that
    /// TLS needs.
    #[must_use]
    pub fn uri(&self) -> String {
        let user = self.options.user.as_ref();
        let user_info = user.map(|(name, password)| format!("{name}:{password}@"));
        let options = self.tls_files().map(|files| {
            let ca = files.ca();
            format!("?tls=true&tls_ca_file={}", ca.display())
        });
        let (user_info, options) = (user_info.unwrap_or_default(), options.unwrap_or_default());
        format!("etcd://{user_info}{}{options}", self.address())
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

    /// Claims that the server runs: it has neither been killed nor stopped.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.is_running()
    }

    /// Has etcdctl do one command and returns its answer, at most 5 seconds later.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if the server cannot be reached, refuses the command or does not
    /// answer.
    pub fn cli(&self, arguments: &[&str]) -> Result<String, Error> {
        self.access.cli(arguments, CLI_LIMIT)
    }

    /// The keys that begin with `prefix`, in their order.
    ///
    /// # Errors
    ///
    /// As [`cli`](Self::cli).
    pub fn entries(&self, prefix: &str) -> Result<Vec<EtcdEntry>, Error> {
        let answer = self.cli(&["get", "--prefix", prefix, "-w", "fields"])?;
        Ok(entries(&answer))
    }

    /// The leases that have not ended.
    ///
    /// # Errors
    ///
    /// As [`cli`](Self::cli).
    pub fn leases(&self) -> Result<Vec<EtcdLease>, Error> {
        let ids = self.cli(&["lease", "list"])?;
        let leases = lease_ids(&ids).map(|id| {
            let answer = self.cli(&["lease", "timetolive", id])?;
            Ok(lease(id, &answer))
        });
        leases.filter_map(Result::transpose).collect()
    }

    /// Kills the server with SIGKILL and waits for its end; its ports and folder stay its own.
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

    /// Starts the server again with its ports and data, and waits until it can be written to;
    /// one of a cluster cannot before a majority runs. A running one is killed first.
    ///
    /// # Errors
    ///
    /// As [`EtcdOptions::start`].
    pub fn restart(&self) -> Result<(), Error> {
        self.process.restart()?;
        self.wait_until_ready()
    }
}
