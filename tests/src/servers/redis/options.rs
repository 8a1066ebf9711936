use super::access::{Access, Login};
use super::config::{login_settings, setting};
use super::server::RedisServer;
use crate::servers::Error;

/// How a Redis server is to be started.
///
/// By default it listens on a free port of 127.0.0.1, lets everyone in, and keeps nothing on disk.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::RedisOptions;
///
/// let server = RedisOptions::new().with_user("app", "secret").start()?;
/// assert!(server.uri().starts_with("redis://app:secret@127.0.0.1:"));
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RedisOptions {
    pub(crate) login: Option<Login>,
    pub(crate) tls: Option<Tls>,
    pub(crate) has_socket: bool,
    pub(crate) primary: Option<Access>,
    pub(crate) is_sentinel: bool,
    /// Lines of the configuration file.
    pub(crate) settings: Vec<String>,
}

/// Whom a server with TLS lets in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tls {
    Everyone,
    ClientsWithCertificates,
}

impl RedisOptions {
    /// The default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps every write on disk before it is answered, so that a kill loses none.
    pub fn with_persistence(self) -> Self {
        self.with_setting("appendonly", "yes")
            .with_setting("appendfsync", "always")
    }

    /// Demands this password of the default user.
    pub fn with_password(self, password: &str) -> Self {
        self.with_login(None, password)
    }

    /// Lets in only this user, who may do everything; the default user is off.
    pub fn with_user(self, name: &str, password: &str) -> Self {
        self.with_login(Some(name), password)
    }

    /// Listens with TLS only; clients need no certificate.
    pub fn with_tls(mut self) -> Self {
        self.tls = Some(Tls::Everyone);
        self
    }

    /// Listens with TLS only, and demands a certificate signed by the server's authority.
    pub fn with_client_certificates(mut self) -> Self {
        self.tls = Some(Tls::ClientsWithCertificates);
        self
    }

    /// Listens on a unix socket too.
    pub fn with_unix_socket(mut self) -> Self {
        self.has_socket = true;
        self
    }

    /// Refuses writes that need more memory than this, in bytes; evicts nothing.
    ///
    /// An empty server uses about a megabyte.
    pub fn with_max_memory(self, bytes: u64) -> Self {
        self.with_setting("maxmemory", &bytes.to_string())
            .with_setting("maxmemory-policy", "noeviction")
    }

    /// Replicates `primary`, which must not use TLS; the start waits until writes arrive.
    pub fn with_replica_of(mut self, primary: &RedisServer) -> Self {
        let access = primary.access();
        let port = access.port.to_string();
        self.settings
            .push(setting("replicaof", &["127.0.0.1", &port]));
        self.primary = Some(access.clone());
        self.with_login_for_replication(primary.login())
    }

    /// Adds a setting of `redis.conf`.
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push(setting(name, &[value]));
        self
    }

    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`Error::NoProgram`] if Redis is not installed, [`Error::Ended`] and [`Error::TimedOut`]
    /// with the end of its log if it does not start.
    pub fn start(&self) -> Result<RedisServer, Error> {
        RedisServer::launch(self)?.settle()
    }

    /// Lets the server log in to a primary with its own credentials, once it is a replica.
    pub(crate) fn with_own_login_for_replication(self) -> Self {
        let login = self.login.clone();
        self.with_login_for_replication(login.as_ref())
    }

    fn with_login_for_replication(mut self, login: Option<&Login>) -> Self {
        let lines = login.map(|login| login_settings(login, "masteruser", "masterauth"));
        self.settings.extend(lines.unwrap_or_default());
        self
    }

    fn with_login(mut self, user: Option<&str>, password: &str) -> Self {
        self.login = Some(Login {
            user: user.map(str::to_owned),
            password: password.to_owned(),
        });
        self
    }
}
