//! What a URI says of servers, and the clients made of it.

use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError,
};
use tokio::sync::Mutex;

use super::link::Source;
use super::tls::Tls;
use super::topology::Kind;
use crate::error::StorageError;
use crate::uri::{Host, Location, StorageUri, Timeouts, TlsFiles};

/// Options of every topology.
const COMMON: [&str; 1] = ["key_prefix"];

const SERVER_PORT: u16 = 6_379;
const SENTINEL_PORT: u16 = 26_379;

/// Waits between the attempts of a cluster's client to send one command.
const CLUSTER_RETRIES: u32 = 8;
const CLUSTER_PAUSES_MS: (u64, u64) = (10, 100);

/// A URI that has been read.
pub(super) struct Options<'u> {
    uri: &'u StorageUri,
    location: Location,
    tls: Option<Tls>,
    pub(super) key_prefix: Option<String>,
    pub(super) timeouts: Timeouts,
}

impl<'u> Options<'u> {
    pub(super) fn read(uri: &'u StorageUri, kind: Kind) -> Result<Self, StorageError> {
        let own: &[&str] = match kind {
            Kind::Single => &["db"],
            Kind::Cluster => &["tls"],
            Kind::Sentinel => &[
                "tls",
                "db",
                "service_name",
                "sentinel_username",
                "sentinel_password",
                "use_replicas",
            ],
        };
        uri.check_options(&[&COMMON, &Timeouts::OPTIONS[..], &TlsFiles::OPTIONS, own].concat())?;
        let is_encrypted = matches!(uri.scheme(), "rediss" | "valkeys");
        let location = Location::of(uri)?;
        if location.username.is_some() && location.password.is_none() {
            return Err(uri.wrong("the user has no password"));
        }
        Ok(Self {
            uri,
            location,
            tls: TlsFiles::of(uri, is_encrypted, "rediss:// or tls=true")?.map(Tls::of),
            key_prefix: uri.option("key_prefix")?,
            timeouts: Timeouts::of(uri)?,
        })
    }

    /// Makes the client of one server.
    pub(super) fn server(self) -> Result<Source, StorageError> {
        let uri = self.uri;
        let server = if uri.scheme().ends_with("+unix") {
            self.socket()?
        } else {
            let [host] = &self.hosts(SERVER_PORT)[..] else {
                let reason = "several hosts: that is redis+cluster:// or redis+sentinel://";
                return Err(uri.wrong(reason));
            };
            self.info(host.clone(), self.database(Some(&self.location.path))?)?
        };
        let client = match self.tls {
            Some(tls) => tls.client(server),
            None => Client::open(server),
        };
        let client = client.map_err(|error| refused(uri, &error))?;
        Ok(Source::Server(Box::new(client)))
    }

    /// Makes the client of a cluster.
    pub(super) fn cluster(self) -> Result<Source, StorageError> {
        if !matches!(self.location.path.as_str(), "" | "/" | "/0") {
            return Err(self.uri.wrong("a cluster has one database, so no path"));
        }
        let nodes = self.hosts(SERVER_PORT).into_iter();
        let nodes = nodes
            .map(|node| self.info(node, 0))
            .collect::<Result<Vec<_>, _>>()?;
        let (shortest, longest) = CLUSTER_PAUSES_MS;
        let mut cluster = ClusterClient::builder(nodes)
            .retries(CLUSTER_RETRIES)
            .min_retry_wait(shortest)
            .max_retry_wait(longest);
        if let Some(tls) = &self.tls {
            cluster = tls.cluster(cluster);
        }
        let cluster = cluster.build().map_err(|error| refused(self.uri, &error))?;
        Ok(Source::Cluster(Box::new(cluster)))
    }

    /// Makes the clients of sentinels that name the primary, and of those that
    /// name a replica to read from, if that is wished.
    pub(super) fn sentinels(self) -> Result<(Source, Option<Source>), StorageError> {
        let uri = self.uri;
        let primary = self.sentinels_for(&SentinelServerType::Master)?;
        let replica = uri
            .flag("use_replicas")?
            .then(|| self.sentinels_for(&SentinelServerType::Replica));
        Ok((primary, replica.transpose()?))
    }

    fn sentinels_for(&self, role: &SentinelServerType) -> Result<Source, StorageError> {
        let service = self.service()?;
        let sentinels = self.hosts(SENTINEL_PORT).into_iter();
        let clients = sentinels.map(|sentinel| {
            let client = SentinelClientBuilder::new([sentinel], &service, role.clone());
            let client = client.map_err(|error| refused(self.uri, &error))?;
            Ok(Mutex::new(self.sentinel(client)?))
        });
        Ok(Source::Sentinels(
            clients.collect::<Result<_, StorageError>>()?,
        ))
    }

    /// The credentials are those of the servers and of the sentinels, as in Python
    /// `limits`, unless there are any of the sentinels' own.
    fn sentinel(&self, mut client: SentinelClientBuilder) -> Result<SentinelClient, StorageError> {
        let Location {
            username, password, ..
        } = &self.location;
        client = client.set_client_to_redis_db(self.database(None)?);
        if let Some(username) = username {
            client = client.set_client_to_redis_username(username);
        }
        if let Some(password) = password {
            client = client.set_client_to_redis_password(password);
        }
        let own = |option| self.uri.option::<String>(option);
        let (own_username, own_password) = (own("sentinel_username")?, own("sentinel_password")?);
        let (username, password) = match (&own_username, &own_password) {
            (None, None) => (username, password),
            own => own,
        };
        if let Some(username) = username.as_ref().filter(|text| !text.is_empty()) {
            client = client.set_client_to_sentinel_username(username);
        }
        if let Some(password) = password.as_ref().filter(|text| !text.is_empty()) {
            client = client.set_client_to_sentinel_password(password);
        }
        if let Some(tls) = &self.tls {
            client = tls.sentinel(client);
        }
        client.build().map_err(|error| refused(self.uri, &error))
    }

    /// As in Python `limits` the name of the service has no slashes.
    fn service(&self) -> Result<String, StorageError> {
        let path = self.location.path.replace('/', "");
        match (path.as_str(), self.uri.option("service_name")?) {
            ("", None) => {
                let reason = "needs the name of the service, as redis+sentinel://host/name";
                Err(self.uri.wrong(reason))
            }
            ("", Some(name)) => Ok(name),
            (_, None) => Ok(path),
            (_, Some(_)) => Err(self.uri.wrong("the name of the service is given twice")),
        }
    }

    fn hosts(&self, default_port: u16) -> Vec<ConnectionAddr> {
        let address = |host: &Host| {
            let (host, port) = (host.name.clone(), host.port.unwrap_or(default_port));
            match self.tls {
                Some(_) => ConnectionAddr::TcpTls {
                    host,
                    port,
                    insecure: false,
                    tls_params: None,
                },
                None => ConnectionAddr::Tcp(host, port),
            }
        };
        let localhost = Host {
            name: "localhost".to_owned(),
            port: None,
        };
        if self.location.hosts.is_empty() {
            return vec![address(&localhost)];
        }
        self.location.hosts.iter().map(address).collect()
    }

    fn socket(&self) -> Result<ConnectionInfo, StorageError> {
        let Location { hosts, path, .. } = &self.location;
        if !hosts.is_empty() || path.len() < 2 {
            return Err(self
                .uri
                .wrong("needs the path of a socket, as redis+unix:///path"));
        }
        self.info(ConnectionAddr::Unix(path.into()), self.database(None)?)
    }

    /// Tells the database of the path or the option.
    fn database(&self, path: Option<&str>) -> Result<i64, StorageError> {
        let option: Option<u32> = self.uri.option("db")?;
        match (path.unwrap_or_default().trim_matches('/'), option) {
            ("", option) => Ok(option.unwrap_or(0).into()),
            (_, Some(_)) => Err(self.uri.wrong("the database is given twice")),
            (path, None) => {
                let database: Result<u32, _> = path.parse();
                let database = database.map(i64::from);
                database.map_err(|_| self.uri.wrong("the database in the path is not a number"))
            }
        }
    }

    fn info(&self, address: ConnectionAddr, database: i64) -> Result<ConnectionInfo, StorageError> {
        let mut settings = RedisConnectionInfo::default().set_db(database);
        if let Some(username) = &self.location.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = &self.location.password {
            settings = settings.set_password(password);
        }
        let info = address.into_connection_info();
        let info = info.map_err(|error| refused(self.uri, &error))?;
        Ok(info.set_redis_settings(settings))
    }
}

fn refused(uri: &StorageUri, error: &RedisError) -> StorageError {
    uri.wrong(error.to_string())
}
