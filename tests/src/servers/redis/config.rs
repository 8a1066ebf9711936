use std::fs;
use std::path::{Path, PathBuf};

use super::access::{Access, Login};
use super::options::{RedisOptions, Tls};
use crate::servers::Error;

/// What every server has unless its options say otherwise; the last setting of a name counts.
///
/// A replica waits no time for others before its first synchronisation.
const DEFAULTS: &str = "\
bind 127.0.0.1
protected-mode no
daemonize no
save \"\"
appendonly no
enable-debug-command local
repl-diskless-sync-delay 0
";

/// A `redis.conf`.
pub(crate) struct Config {
    file: PathBuf,
    lines: String,
}

impl Config {
    pub(crate) fn new(options: &RedisOptions, access: &Access, folder: &Path) -> Self {
        let mut config = Self {
            file: folder.join("redis.conf"),
            lines: DEFAULTS.to_owned(),
        };
        config.set("dir", &[&folder.to_string_lossy()]);
        config.add_ports(options, access);
        if options.has_socket {
            config.set("unixsocket", &[&socket_in(folder).to_string_lossy()]);
        }
        if let Some(login) = &access.login {
            config.add_login(login);
        }
        for line in &options.settings {
            config.add(line);
        }
        config
    }

    /// Writes the file and returns its path; Redis itself may rewrite it.
    pub(crate) fn write(&self) -> Result<String, Error> {
        let path = self.file.to_string_lossy().into_owned();
        fs::write(&self.file, &self.lines).map_err(Error::io(&path))?;
        Ok(path)
    }

    fn set(&mut self, name: &str, values: &[&str]) {
        self.add(&setting(name, values));
    }

    fn add(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push('\n');
    }

    fn add_ports(&mut self, options: &RedisOptions, access: &Access) {
        let port = access.port.to_string();
        let Some(tls) = &access.tls else {
            return self.set("port", &[&port]);
        };
        let demands_certificates = options.tls == Some(Tls::ClientsWithCertificates);
        let demand = if demands_certificates { "yes" } else { "no" };
        self.set("port", &["0"]);
        self.set("tls-port", &[&port]);
        self.set("tls-auth-clients", &[demand]);
        self.set("tls-ca-cert-file", &[&tls.ca().to_string_lossy()]);
        self.set(
            "tls-cert-file",
            &[&tls.server_certificate().to_string_lossy()],
        );
        self.set("tls-key-file", &[&tls.server_key().to_string_lossy()]);
    }

    fn add_login(&mut self, login: &Login) {
        let Some(user) = &login.user else {
            return self.set("requirepass", &[&login.password]);
        };
        let password = format!(">{}", login.password);
        self.set("user", &["default", "off"]);
        self.set("user", &[user, "on", &password, "~*", "&*", "+@all"]);
    }
}

/// The unix socket of a server in `folder`.
pub(crate) fn socket_in(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}

/// One line of a `redis.conf`.
pub(crate) fn setting(name: &str, values: &[&str]) -> String {
    values.iter().fold(name.to_owned(), |line, value| {
        let value = value.replace('\\', r"\\").replace('"', r#"\""#);
        format!("{line} \"{value}\"")
    })
}

/// The lines that set a user, if the login has one, and a password.
pub(crate) fn login_settings(login: &Login, user_name: &str, password_name: &str) -> Vec<String> {
    let user = login.user.iter().map(|user| setting(user_name, &[user]));
    let password = setting(password_name, &[&login.password]);
    user.chain([password]).collect()
}
