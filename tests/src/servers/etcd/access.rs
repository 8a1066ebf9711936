use core::time::Duration;
use std::process::Command;

use crate::servers::Error;
use crate::servers::program::Program;
use crate::servers::tls::TlsFiles;

const ETCDCTL: Program = Program {
    name: "etcdctl",
    packages: "etcd-server etcd-client",
};

/// The password of the user who may do everything.
pub(super) const ROOT_PASSWORD: &str = "root-secret";

/// What a client needs to reach one server.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) port: u16,
    pub(super) tls: Option<TlsFiles>,
    /// Whether clients have to log in.
    pub(super) has_users: bool,
}

impl Access {
    /// Has etcdctl do one command, as `root` where there are users.
    pub(super) fn cli(&self, arguments: &[&str], limit: Duration) -> Result<String, Error> {
        // It ends by itself, unless it is stuck.
        ETCDCTL.run(2 * limit, &arguments.join(" "), |command| {
            let patience = format!("{}ms", limit.as_millis());
            command.args(["--command-timeout", &patience]);
            command.args(["--dial-timeout", &patience]);
            command.args(["--endpoints", &self.url()]);
            self.add_tls(command);
            if self.has_users {
                command.arg(format!("--user=root:{ROOT_PASSWORD}"));
            }
            command.args(arguments);
        })
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:PORT`, with `https` for TLS.
    pub(super) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    fn add_tls(&self, command: &mut Command) {
        if let Some(tls) = &self.tls {
            command.arg("--cacert").arg(tls.ca());
            command.arg("--cert").arg(tls.client_certificate());
            command.arg("--key").arg(tls.client_key());
        }
    }
}
