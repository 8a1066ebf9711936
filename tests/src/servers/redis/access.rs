use core::fmt::Write;
use core::time::Duration;
use std::process::Command;

use crate::servers::Error;
use crate::servers::program::Program;
use crate::servers::tls::TlsFiles;

const REDIS_CLI: Program = Program {
    name: "redis-cli",
    packages: "redis-server redis-tools",
};

/// Who a client says it is.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// `None` for the default user.
    pub(crate) user: Option<String>,
    pub(crate) password: String,
}

/// What a client needs to reach one server.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) port: u16,
    pub(crate) login: Option<Login>,
    pub(crate) tls: Option<TlsFiles>,
}

impl Access {
    /// Sends one command with redis-cli, or lets it do what its options say.
    pub(crate) fn cli(&self, arguments: &[&str], limit: Duration) -> Result<String, Error> {
        REDIS_CLI.run(limit, &arguments.join(" "), |command| {
            command.args(["-e", "-h", "127.0.0.1", "-p"]);
            command.arg(self.port.to_string());
            self.add_login(command);
            self.add_tls(command);
            command.args(arguments);
        })
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() {
            "rediss"
        } else {
            "redis"
        }
    }

    /// `user:password@`, or nothing.
    pub(crate) fn user_info(&self) -> String {
        self.login.as_ref().map_or_else(String::new, |login| {
            let user = login.user.as_deref().unwrap_or_default();
            format!("{}:{}@", encoded(user), encoded(&login.password))
        })
    }

    fn add_login(&self, command: &mut Command) {
        command.env_remove("REDISCLI_AUTH");
        if let Some(login) = &self.login {
            command.env("REDISCLI_AUTH", &login.password);
            command.args(login.user.iter().flat_map(|user| ["--user", user]));
        }
    }

    fn add_tls(&self, command: &mut Command) {
        if let Some(tls) = &self.tls {
            command.arg("--tls");
            command.arg("--cacert").arg(tls.ca());
            command.arg("--cert").arg(tls.client_certificate());
            command.arg("--key").arg(tls.client_key());
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes everything");
        }
        encoded
    })
}
