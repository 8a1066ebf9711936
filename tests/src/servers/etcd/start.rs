//! How etcd servers are started and waited for.

use core::time::Duration;
use std::net::TcpStream;

use tempfile::TempDir;

use super::access::{Access, ROOT_PASSWORD};
use super::options::{EtcdOptions, Tls};
use super::server::{CLI_LIMIT, EtcdServer};
use crate::servers::Error;
use crate::servers::ports::{BUS_OFFSET, free_port};
use crate::servers::process::Process;
use crate::servers::program::Program;
use crate::servers::tls::TlsFiles;
use crate::servers::wait::wait_until;

const ETCD: Program = Program {
    name: "etcd",
    packages: "etcd-server etcd-client",
};
const START_LIMIT: Duration = Duration::from_secs(20);
/// Another process may take a port between its choice and its use.
const PORTS_TO_TRY: usize = 5;
const PORT_IS_TAKEN: &str = "address already in use";

/// Starts servers that are one cluster, and waits until each can be written to.
pub(super) fn start_all(options: &EtcdOptions, count: usize) -> Result<Vec<EtcdServer>, Error> {
    for _ in 1..PORTS_TO_TRY {
        match try_to_start(options, count) {
            Err(Error::Ended { log, .. }) if log.contains(PORT_IS_TAKEN) => {}
            result => return result,
        }
    }
    try_to_start(options, count)
}

fn try_to_start(options: &EtcdOptions, count: usize) -> Result<Vec<EtcdServer>, Error> {
    let members: Result<Vec<Member>, Error> = (0..count).map(|_| Member::new()).collect();
    let members = members?;
    let peers = members
        .iter()
        .map(|member| format!("{}={}", member.name, member.peer_url()));
    let cluster = peers.collect::<Vec<String>>().join(",");
    let servers = members
        .into_iter()
        .map(|member| member.launch(options, &cluster));
    let servers = servers.collect::<Result<Vec<EtcdServer>, Error>>()?;
    for server in &servers {
        server.wait_until_ready()?;
    }
    Ok(servers)
}

/// What is to be a server.
struct Member {
    folder: TempDir,
    name: String,
    port: u16,
}

impl Member {
    fn new() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("limits-etcd-").tempdir();
        let folder = folder.map_err(Error::io("temporary folder"))?;
        let name = folder.path().file_name().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            folder,
            port: free_port()?,
        })
    }

    fn peer_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port + BUS_OFFSET)
    }

    fn launch(self, options: &EtcdOptions, cluster: &str) -> Result<EtcdServer, Error> {
        let tls = options.tls.map(|_| TlsFiles::generate(self.folder.path()));
        let access = Access {
            port: self.port,
            tls: tls.transpose()?,
            has_users: false,
        };
        let arguments = self.arguments(options, &access, cluster);
        Ok(EtcdServer {
            process: Process::start(ETCD, &arguments, self.folder)?,
            access,
            options: options.clone(),
            name: self.name,
        })
    }

    fn arguments(&self, options: &EtcdOptions, access: &Access, cluster: &str) -> Vec<String> {
        let (client, peer) = (access.url(), self.peer_url());
        let own = [
            format!("--name={}", self.name),
            "--data-dir=data".to_owned(),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster={cluster}"),
            "--unsafe-no-fsync".to_owned(),
            "--bcrypt-cost=4".to_owned(),
            "--logger=zap".to_owned(),
        ];
        let tls = tls_arguments(options, access);
        own.into_iter()
            .chain(tls)
            .chain(options.flags.iter().cloned())
            .collect()
    }
}

fn tls_arguments(options: &EtcdOptions, access: &Access) -> Vec<String> {
    let Some(files) = &access.tls else {
        return Vec::new();
    };
    let mut arguments = vec![
        format!("--cert-file={}", files.server_certificate().display()),
        format!("--key-file={}", files.server_key().display()),
    ];
    // With an authority etcd demands certificates, whatever else it is told.
    if options.tls == Some(Tls::ClientsWithCertificates) {
        arguments.push(format!("--trusted-ca-file={}", files.ca().display()));
        arguments.push("--client-cert-auth".to_owned());
    }
    arguments
}

impl EtcdServer {
    pub(super) fn start_with(options: &EtcdOptions) -> Result<Self, Error> {
        let mut servers = start_all(options, 1)?;
        let mut server = servers.pop().ok_or_else(|| Error::no_node("server"))?;
        server.add_user()?;
        Ok(server)
    }

    pub(super) fn wait_until_ready(&self) -> Result<(), Error> {
        let until = format!("etcd on port {} could be written to", self.port());
        wait_until(&until, START_LIMIT, || {
            if self.process.has_ended() {
                return Ok(Err(self.process.ended()));
            }
            let seen = |error| format!("{error}\n{}", self.process.log_tail());
            self.look_if_ready().map(Ok).map_err(seen)
        })?
    }

    /// It is ready if it answers itself, and not whoever had the port before, and a majority
    /// takes part.
    fn look_if_ready(&self) -> Result<(), String> {
        // etcdctl would wait a second before it tried once more.
        TcpStream::connect(self.address()).map_err(|error| error.to_string())?;
        let own = format!(", started, {}, ", self.name);
        let members = self
            .cli(&["member", "list"])
            .map_err(|error| error.to_string())?;
        if !members.contains(&own) {
            return Err(members);
        }
        let health = self.cli(&["endpoint", "health"]);
        health.map(drop).map_err(|error| error.to_string())
    }

    fn add_user(&mut self) -> Result<(), Error> {
        let Some((name, password)) = self.options.user.clone() else {
            return Ok(());
        };
        let cli = |arguments: &[&str]| self.access.cli(arguments, CLI_LIMIT).map(drop);
        cli(&["user", "add", &format!("root:{ROOT_PASSWORD}")])?;
        cli(&["user", "grant-role", "root", "root"])?;
        cli(&["role", "add", "all-keys"])?;
        cli(&[
            "role",
            "grant-permission",
            "all-keys",
            "readwrite",
            "",
            "--prefix",
        ])?;
        cli(&["user", "add", &format!("{name}:{password}")])?;
        cli(&["user", "grant-role", &name, "all-keys"])?;
        cli(&["auth", "enable"])?;
        self.access.has_users = true;
        Ok(())
    }
}
