use percent_encoding::percent_decode_str;

use super::storage_uri::StorageUri;
use crate::error::StorageError;

/// What a URI says between its scheme and its options: `user:password@host:port,…/path`.
pub(crate) struct Location {
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    /// In the order of the URI; none if it names none.
    pub(crate) hosts: Vec<Host>,
    /// With the slash it begins with; empty if there is none.
    pub(crate) path: String,
}

/// A server's name or address, and its port if the URI gives one.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: Option<u16>,
}

impl Location {
    /// Reads the parts; user, password and path are percent-decoded.
    ///
    /// The user ends at the first `:` and the password at the last `@`, as in
    /// Python `limits`. An error says which part is wrong and never quotes it:
    /// a password with a `/` in it looks like a host.
    pub(crate) fn of(uri: &StorageUri) -> Result<Self, StorageError> {
        let location = uri.location();
        let (authority, path) = location.split_at(location.find('/').unwrap_or(location.len()));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let (username, password) = match user.map(|user| user.split_once(':')) {
            None => (None, None),
            Some(Some((username, password))) => (not_empty(username), not_empty(password)),
            Some(None) => (user.and_then(not_empty), None),
        };
        let hosts = match hosts.trim() {
            "" => Vec::new(),
            hosts => (1..)
                .zip(hosts.split(','))
                .map(|(number, host)| Host::parse(uri, number, host.trim()))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            username: decoded(uri, "user", username)?,
            password: decoded(uri, "password", password)?,
            hosts,
            path: decoded(uri, "path", Some(path))?.unwrap_or_default(),
        })
    }
}

#[cfg(any(feature = "etcd", feature = "memcached"))]
impl Location {
    /// Refuses a path.
    pub(crate) fn check_no_path(&self, uri: &StorageUri) -> Result<(), StorageError> {
        match self.path.as_str() {
            "" | "/" => Ok(()),
            _ => Err(uri.wrong("takes no path")),
        }
    }

    /// The user and the password, which go together.
    pub(crate) fn login(&self, uri: &StorageUri) -> Result<Option<(String, String)>, StorageError> {
        match (&self.username, &self.password) {
            (None, None) => Ok(None),
            (Some(username), Some(password)) => Ok(Some((username.clone(), password.clone()))),
            _ => Err(uri.wrong("a user and a password go together")),
        }
    }

    /// The servers and their ports; `localhost` if there is none.
    pub(crate) fn servers(&self, default_port: u16) -> Vec<(String, u16)> {
        if self.hosts.is_empty() {
            return vec![("localhost".to_owned(), default_port)];
        }
        let hosts = self.hosts.iter();
        hosts
            .map(|host| (host.name.clone(), host.port.unwrap_or(default_port)))
            .collect()
    }
}

impl Host {
    fn parse(uri: &StorageUri, number: u64, text: &str) -> Result<Self, StorageError> {
        let wrong = |what: &str| uri.wrong(format!("host number {number} {what}"));
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, rest) = rest
                    .split_once(']')
                    .ok_or_else(|| wrong("has a [ and no ]"))?;
                match rest.strip_prefix(':') {
                    Some(port) => (name, Some(port)),
                    None if rest.is_empty() => (name, None),
                    None => return Err(wrong("has something other than a port after its ]")),
                }
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            },
        };
        if name.is_empty() {
            return Err(wrong("is empty"));
        }
        if port.is_some_and(|port| port.contains(':')) {
            return Err(wrong("has several colons: put an IPv6 address in [ and ]"));
        }
        let port = port.map(|port| match port.parse() {
            Ok(0) | Err(_) => Err(wrong("has a port that is not a number from 1 to 65535")),
            Ok(port) => Ok(port),
        });
        Ok(Self {
            name: name.to_owned(),
            port: port.transpose()?,
        })
    }
}

fn not_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn decoded(
    uri: &StorageUri,
    part: &str,
    text: Option<&str>,
) -> Result<Option<String>, StorageError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| uri.wrong(format!("the {part} is not UTF-8")))?;
    Ok(Some(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(uri: &str) -> Result<Location, StorageError> {
        Location::of(&uri.parse().expect("a URI"))
    }

    fn hosts(uri: &str) -> Vec<(String, Option<u16>)> {
        let hosts = location(uri).expect("a location").hosts.into_iter();
        hosts.map(|host| (host.name, host.port)).collect()
    }

    #[test]
    fn hosts_have_ports_or_not() {
        let own = |hosts: &[(&str, Option<u16>)]| -> Vec<(String, Option<u16>)> {
            hosts
                .iter()
                .map(|&(name, port)| (name.to_owned(), port))
                .collect()
        };
        assert_eq!(hosts("x://"), []);
        assert_eq!(hosts("x:///0"), []);
        assert_eq!(hosts("x://host"), own(&[("host", None)]));
        assert_eq!(hosts("x://host:1/"), own(&[("host", Some(1))]));
        assert_eq!(hosts("x://[::1]"), own(&[("::1", None)]));
        assert_eq!(hosts("x://[::1]:1"), own(&[("::1", Some(1))]));
        let several = own(&[("a", Some(1)), ("b", None), ("fe80::1", Some(65_535))]);
        assert_eq!(hosts("x://a:1, b ,[fe80::1]:65535/path"), several);
    }

    #[test]
    fn credentials_are_decoded() {
        let credentials = |uri| {
            let location = location(uri).expect("a location");
            (location.username, location.password)
        };
        let own = |username: &str, password: &str| {
            let part = |text: &str| not_empty(text).map(str::to_owned);
            (part(username), part(password))
        };
        assert_eq!(credentials("x://host"), own("", ""));
        assert_eq!(credentials("x://@host"), own("", ""));
        assert_eq!(credentials("x://user@host"), own("user", ""));
        assert_eq!(credentials("x://:pass@host"), own("", "pass"));
        assert_eq!(credentials("x://user:pass@host"), own("user", "pass"));
        assert_eq!(credentials("x://a@:b@@host"), own("a@", "b@"));
        assert_eq!(credentials("x://u:p:q@host"), own("u", "p:q"));
        assert_eq!(
            credentials("x://us%40er:p%2Fa%3Ass%25@h"),
            own("us@er", "p/a:ss%")
        );
    }

    #[test]
    fn the_path_keeps_its_slash() {
        let path = |uri| location(uri).expect("a location").path;
        assert_eq!(path("x://host"), "");
        assert_eq!(path("x://host/"), "/");
        assert_eq!(path("x:///tmp/a%20b.sock"), "/tmp/a b.sock");
        assert_eq!(path("x://u:p@/tmp/socket"), "/tmp/socket");
    }

    #[test]
    fn says_which_part_is_wrong_and_never_quotes_it() {
        let message = |uri| {
            let error = location(uri).err().expect("a wrong location");
            assert!(!format!("{error:?}").contains("secret"));
            error.to_string()
        };
        let not_a_port = "x: host number 1 has a port that is not a number from 1 to 65535";
        assert_eq!(message("x://host:0"), not_a_port);
        assert_eq!(message("x://host:65536"), not_a_port);
        assert_eq!(message("x://host:"), not_a_port);
        assert_eq!(message("x://:secret/@host"), "x: host number 1 is empty");
        assert_eq!(message("x://user:secret/1@host"), not_a_port);
        assert_eq!(message("x://a,,b"), "x: host number 2 is empty");
        assert_eq!(message("x://a,:1"), "x: host number 2 is empty");
        assert_eq!(message("x://[::1"), "x: host number 1 has a [ and no ]");
        assert_eq!(
            message("x://[::1]1"),
            "x: host number 1 has something other than a port after its ]"
        );
        assert_eq!(message("x://::1"), "x: host number 1 is empty");
        assert_eq!(
            message("x://fe80::1"),
            "x: host number 1 has several colons: put an IPv6 address in [ and ]"
        );
        assert_eq!(message("x://%ff:secret@h"), "x: the user is not UTF-8");
    }
}
