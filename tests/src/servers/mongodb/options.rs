use super::server::MongoDbServer;
use crate::servers::Error;

/// How a MongoDB server is to be started.
///
/// By default it listens on a free port of 127.0.0.1, lets everyone in and stands alone.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::MongoDbOptions;
///
/// let server = MongoDbOptions::new().with_user("app", "secret").start()?;
/// assert!(server.uri().starts_with("mongodb://app:secret@127.0.0.1:"));
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct MongoDbOptions {
    /// Of letters and digits, so that a URI can hold them as they are.
    pub(super) user: Option<(String, String)>,
    pub(super) is_replica_set: bool,
    pub(super) has_tls: bool,
}

impl MongoDbOptions {
    /// The default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets in only this user, who may do everything.
    pub fn with_user(self, name: &str, password: &str) -> Self {
        let user = Some((name.to_owned(), password.to_owned()));
        Self { user, ..self }
    }

    /// Makes the server a replica set of its own, which is called `rs`.
    pub fn as_replica_set(self) -> Self {
        Self {
            is_replica_set: true,
            ..self
        }
    }

    /// Listens with TLS only; clients need no certificate.
    pub fn with_tls(self) -> Self {
        Self {
            has_tls: true,
            ..self
        }
    }

    /// Starts the server and waits until it can be written to.
    ///
    /// # Errors
    ///
    /// [`Error::NoMongod`] if it is not installed, [`Error::Ended`] or [`Error::TimedOut`] if
    /// it does not come up.
    pub fn start(&self) -> Result<MongoDbServer, Error> {
        MongoDbServer::of(self)
    }
}
