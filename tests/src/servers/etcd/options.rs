use super::server::EtcdServer;
use crate::servers::Error;

/// How an etcd server is to be started.
///
/// By default it listens on a free port of 127.0.0.1, lets everyone in, and leaves it to the
/// kernel when its writes reach the disk: they outlive a kill of the server.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::EtcdOptions;
///
/// let server = EtcdOptions::new().with_user("app", "secret").start()?;
/// assert!(server.uri().starts_with("etcd://app:secret@127.0.0.1:"));
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct EtcdOptions {
    /// Of letters and digits, so that a URI can hold them as they are.
    pub(super) user: Option<(String, String)>,
    pub(super) tls: Option<Tls>,
    pub(super) flags: Vec<String>,
}

/// Whom a server with TLS lets in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tls {
    Everyone,
    ClientsWithCertificates,
}

impl EtcdOptions {
    /// The default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets in only this user, who may read and write all keys, and `root`.
    pub fn with_user(self, name: &str, password: &str) -> Self {
        let user = Some((name.to_owned(), password.to_owned()));
        Self { user, ..self }
    }

    /// Listens with TLS only; clients need no certificate.
    pub fn with_tls(self) -> Self {
        let tls = Some(Tls::Everyone);
        Self { tls, ..self }
    }

    /// Listens with TLS only, and demands a certificate signed by the server's authority.
    pub fn with_client_certificates(self) -> Self {
        let tls = Some(Tls::ClientsWithCertificates);
        Self { tls, ..self }
    }

    /// Refuses writes once the database is of so many bytes; an empty one is of about 30,000.
    pub fn with_quota(self, bytes: u64) -> Self {
        self.with_flag("quota-backend-bytes", &bytes.to_string())
    }

    /// Adds an option of the command line.
    pub fn with_flag(mut self, name: &str, value: &str) -> Self {
        self.flags.push(format!("--{name}={value}"));
        self
    }

    /// Starts a server and waits until it can be written to.
    ///
    /// # Errors
    ///
    /// [`Error::NoProgram`] if etcd is not installed, [`Error::Ended`] and [`Error::TimedOut`]
    /// with the end of its log if it does not start.
    pub fn start(&self) -> Result<EtcdServer, Error> {
        EtcdServer::start_with(self)
    }
}
