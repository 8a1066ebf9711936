use core::time::Duration;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread;

use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use tempfile::TempDir;
use tokio::time::timeout;

use super::options::MongoDbOptions;
use crate::servers::Error;
use crate::servers::ports::free_port;
use crate::servers::process::Process;
use crate::servers::program::Program;
use crate::servers::tls::TlsFiles;
use crate::servers::wait::wait_until;

const START_LIMIT: Duration = Duration::from_secs(30);
const COMMAND_LIMIT: Duration = Duration::from_secs(5);
/// Another process may take the port between its choice and its use.
const PORTS_TO_TRY: usize = 5;
const PORT_IS_TAKEN: &str = "Address already in use";

/// The program that the variable names, or the one on the path.
static MONGOD: LazyLock<Option<String>> = LazyLock::new(|| {
    let on_path = || {
        let folders = env::var_os("PATH")?;
        let programs = env::split_paths(&folders).map(|folder| folder.join("mongod"));
        let program = programs.into_iter().find(|program| program.is_file())?;
        program.into_os_string().into_string().ok()
    };
    let named = env::var("MONGOD")
        .ok()
        .filter(|path| Path::new(path).is_file());
    named.or_else(on_path)
});

/// A MongoDB server; dropping it kills it and removes its folder.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::MongoDbServer;
/// use mongodb::bson::doc;
///
/// let server = MongoDbServer::start()?;
/// let answer = server.command("admin", doc! { "ping": 1 })?;
/// assert_eq!(answer.get_f64("ok").ok(), Some(1.0));
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
pub struct MongoDbServer {
    process: Process,
    port: u16,
    options: MongoDbOptions,
    tls: Option<TlsFiles>,
}

impl MongoDbServer {
    /// Starts a server with the default [`MongoDbOptions`] and waits until it answers.
    ///
    /// # Errors
    ///
    /// As [`MongoDbOptions::start`].
    pub fn start() -> Result<Self, Error> {
        MongoDbOptions::new().start()
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `mongodb://127.0.0.1:PORT/`, with the credentials if any, and the options that a
    /// replica set and TLS need.
    #[must_use]
    pub fn uri(&self) -> String {
        let set = self.options.is_replica_set.then_some("replicaSet=rs");
        self.uri_with(&self.user_info(), set)
    }

    /// That of this server alone, even if it is a member of a set.
    fn own_uri(&self, user_info: &str) -> String {
        self.uri_with(user_info, Some("directConnection=true"))
    }

    fn uri_with(&self, user_info: &str, option: Option<&str>) -> String {
        let tls = self
            .tls
            .as_ref()
            .map(|tls| format!("tls=true&tlsCAFile={}", tls.ca().display()));
        let options: Vec<String> = option.map(str::to_owned).into_iter().chain(tls).collect();
        let mark = if options.is_empty() { "" } else { "?" };
        format!(
            "mongodb://{user_info}{}/{mark}{}",
            self.address(),
            options.join("&")
        )
    }

    /// The files of a server with TLS.
    #[must_use]
    pub const fn tls(&self) -> Option<&TlsFiles> {
        self.tls.as_ref()
    }

    /// The process id, the last one if the server has been killed.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Sends one command to a database and returns its answer, at most 5 seconds later.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if the server cannot be reached or refuses the command.
    pub fn command(&self, database: &str, command: Document) -> Result<Document, Error> {
        let shown = command.keys().next().cloned().unwrap_or_default();
        let uri = self.own_uri(&self.user_info());
        send(&uri, database, command).map_err(|answer| Error::Command {
            command: shown,
            answer,
        })
    }

    /// The documents of a collection, in the order of their names.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command).
    pub fn documents(&self, database: &str, collection: &str) -> Result<Vec<Document>, Error> {
        let command = doc! { "find": collection, "sort": { "_id": 1 }, "batchSize": 1_000 };
        self.batch(database, command)
    }

    /// The indexes of a collection.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command); there are none of a collection that is not there.
    pub fn indexes(&self, database: &str, collection: &str) -> Result<Vec<Document>, Error> {
        self.batch(database, doc! { "listIndexes": collection })
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
    /// # Errors
    ///
    /// As [`MongoDbOptions::start`].
    pub fn restart(&self) -> Result<(), Error> {
        self.process.restart()?;
        self.wait_until_ready()?;
        self.wait_until_writable()
    }

    pub(super) fn of(options: &MongoDbOptions) -> Result<Self, Error> {
        let server = Self::running(options)?;
        server.set_up()?;
        Ok(server)
    }

    /// Starts a server which is no member of a set yet.
    pub(super) fn running(options: &MongoDbOptions) -> Result<Self, Error> {
        let mut server = Self::launch(options)?;
        for _ in 1..PORTS_TO_TRY {
            match server.wait_until_ready() {
                Err(Error::Ended { log, .. }) if log.contains(PORT_IS_TAKEN) => {
                    server = Self::launch(options)?;
                }
                result => return result.map(|()| server),
            }
        }
        server.wait_until_ready().map(|()| server)
    }

    fn launch(options: &MongoDbOptions) -> Result<Self, Error> {
        let name = MONGOD.as_deref().ok_or(Error::NoMongod)?;
        let folder = tempfile::Builder::new().prefix("limits-mongodb-").tempdir();
        let folder = folder.map_err(Error::io("temporary folder"))?;
        let port = free_port()?;
        let tls = options
            .has_tls
            .then(|| TlsFiles::generate(folder.path()))
            .transpose()?;
        let arguments = arguments(options, port, &folder, tls.as_ref())?;
        let program = Program { name, packages: "" };
        Ok(Self {
            process: Process::start(program, &arguments, folder)?,
            port,
            options: options.clone(),
            tls,
        })
    }

    /// Makes the replica set and the user.
    fn set_up(&self) -> Result<(), Error> {
        let uri = self.own_uri("");
        let sent = |command: Document| {
            send(&uri, "admin", command).map_err(|answer| Error::Command {
                command: "set up".to_owned(),
                answer,
            })
        };
        if self.options.is_replica_set {
            let member = doc! { "_id": 0, "host": self.address() };
            sent(doc! { "replSetInitiate": { "_id": "rs", "members": [member] } })?;
        }
        self.wait_until_writable()?;
        if let Some((name, password)) = &self.options.user {
            // The first user may be made by anybody on the same machine.
            sent(doc! { "createUser": name, "pwd": password, "roles": ["root"] })?;
        }
        Ok(())
    }

    fn wait_until_ready(&self) -> Result<(), Error> {
        self.wait_for("answered", doc! { "ping": 1 }, |_| true)
    }

    fn wait_until_writable(&self) -> Result<(), Error> {
        self.wait_for("could be written to", doc! { "hello": 1 }, is_primary)
    }

    /// Whether it can be written to.
    pub(super) fn is_writable(&self) -> bool {
        let hello = self.command("admin", doc! { "hello": 1 });
        hello.is_ok_and(|answer| is_primary(&answer))
    }

    /// Whether its process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.process.has_ended()
    }

    fn wait_for(
        &self,
        what: &str,
        command: Document,
        holds: impl Fn(&Document) -> bool,
    ) -> Result<(), Error> {
        let uri = self.own_uri("");
        let until = format!("mongod on port {} {what}", self.port);
        wait_until(&until, START_LIMIT, || {
            if self.process.has_ended() {
                return Ok(Err(self.process.ended()));
            }
            match send(&uri, "admin", command.clone()) {
                Ok(answer) if holds(&answer) => Ok(Ok(())),
                Ok(answer) => Err(format!("{answer}\n{}", self.process.log_tail())),
                Err(error) => Err(format!("{error}\n{}", self.process.log_tail())),
            }
        })?
    }

    fn batch(&self, database: &str, command: Document) -> Result<Vec<Document>, Error> {
        let answer = self.command(database, command)?;
        let batch = answer
            .get_document("cursor")
            .and_then(|cursor| cursor.get_array("firstBatch"));
        let batch = batch.map(|batch| batch.iter().filter_map(|one| one.as_document().cloned()));
        Ok(batch.map(Iterator::collect).unwrap_or_default())
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn user_info(&self) -> String {
        let user = self.options.user.as_ref();
        user.map_or_else(String::new, |(name, password)| {
            format!("{name}:{password}@")
        })
    }
}

fn arguments(
    options: &MongoDbOptions,
    port: u16,
    folder: &TempDir,
    tls: Option<&TlsFiles>,
) -> Result<Vec<String>, Error> {
    let data = folder.path().join("data");
    fs::create_dir(&data).map_err(Error::io(data.to_string_lossy()))?;
    let port = port.to_string();
    let data = data.to_string_lossy();
    let settings = [
        "--port",
        &port,
        "--dbpath",
        &data,
        "--bind_ip",
        "127.0.0.1",
        "--nounixsocket",
        "--wiredTigerCacheSizeGB",
        "0.25",
        "--quiet",
    ];
    let replica_set: &[&str] = if options.is_replica_set {
        &["--replSet", "rs"]
    } else {
        &[]
    };
    let access: &[&str] = if options.user.is_some() {
        &["--auth"]
    } else {
        &[]
    };
    let all = settings.iter().chain(replica_set).chain(access);
    let mut all: Vec<String> = all.map(|argument| (*argument).to_owned()).collect();
    if let Some(tls) = tls {
        all.extend(
            [
                "--tlsMode",
                "requireTLS",
                "--tlsAllowConnectionsWithoutCertificates",
            ]
            .map(str::to_owned),
        );
        let files = [
            ("--tlsCAFile", tls.ca()),
            ("--tlsCertificateKeyFile", one_file(tls)?),
        ];
        for (option, file) in files {
            all.extend([option.to_owned(), file.to_string_lossy().into_owned()]);
        }
    }
    Ok(all)
}

/// A file with the server's certificate and its key.
fn one_file(tls: &TlsFiles) -> Result<PathBuf, Error> {
    let (certificate, key) = (tls.server_certificate(), tls.server_key());
    let file = certificate.with_extension("both");
    let [certificate, key] = [certificate, key].map(fs::read);
    let both = certificate.and_then(|certificate| Ok([certificate, key?].concat()));
    let written = both.and_then(|both| fs::write(&file, both));
    written.map_err(Error::io(file.to_string_lossy()))?;
    Ok(file)
}

fn is_primary(hello: &Document) -> bool {
    hello.get_bool("isWritablePrimary").unwrap_or(false)
}

/// Sends a command in a runtime of its own, on a thread of its own: callers may be in one.
fn send(uri: &str, database: &str, command: Document) -> Result<Document, String> {
    let work = async {
        let mut options = ClientOptions::parse(uri).await?;
        options.server_selection_timeout = Some(COMMAND_LIMIT);
        options.connect_timeout = Some(COMMAND_LIMIT);
        let client = Client::with_options(options)?;
        let answer = client.database(database).run_command(command).await;
        client.shutdown().immediate(true).await;
        answer
    };
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            let answer = runtime.block_on(async { timeout(COMMAND_LIMIT * 2, work).await });
            let answer = answer.map_err(|_| "no answer in time".to_owned())?;
            answer.map_err(|error| error.to_string())
        });
        let answer = thread.join();
        answer.unwrap_or_else(|_| Err("the driver panicked".to_owned()))
    })
}
