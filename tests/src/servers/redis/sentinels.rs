use core::time::Duration;

use super::config::login_settings;
use super::options::RedisOptions;
use super::server::RedisServer;
use super::start::{in_sync, start_all};
use crate::servers::Error;
use crate::servers::wait::wait_until;

const SERVICE: &str = "mymaster";
const SENTINELS: usize = 3;
const OK_LIMIT: Duration = Duration::from_secs(30);
/// Makes sentinels find each other, replicas and new roles sooner than in 2 and 10 seconds.
const SHORT_PERIODS: [&str; 6] = [
    "SENTINEL",
    "DEBUG",
    "PUBLISH-PERIOD",
    "200",
    "INFO-PERIOD",
    "500",
];

/// A primary and a replica that three sentinels watch; dropping it kills all of them.
///
/// The sentinels agree by two that a primary is down after a second without an answer, and try
/// one failover in 5 seconds. The service is named `mymaster`.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::RedisSentinels;
///
/// let sentinels = RedisSentinels::start()?;
/// assert!(sentinels.uri().ends_with("/mymaster"));
/// let old = sentinels.primary()?;
/// old.kill()?;
/// let new = sentinels.wait_for_other_primary(old)?;
/// assert_ne!(new.port(), old.port());
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
pub struct RedisSentinels {
    data_nodes: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
}

impl RedisSentinels {
    /// Starts all with the default [`RedisOptions`] and waits until they know each other.
    ///
    /// # Errors
    ///
    /// As [`RedisOptions::start`].
    pub fn start() -> Result<Self, Error> {
        Self::start_with(&RedisOptions::new(), &RedisOptions::new())
    }

    /// Starts the primary and the replica with some options, and the sentinels with others; none
    /// may ask for TLS.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(data: &RedisOptions, sentinels: &RedisOptions) -> Result<Self, Error> {
        let data = data.clone().with_own_login_for_replication();
        let primary = data.start()?;
        let sentinel = sentinel_options(sentinels, &primary);
        let mut all = vec![data.with_replica_of(&primary)];
        all.resize(1 + SENTINELS, sentinel);
        let mut others = start_all(&all)?;
        let replicated = Self {
            sentinels: others.split_off(1),
            data_nodes: vec![primary, others.remove(0)],
        };
        for sentinel in &replicated.sentinels {
            sentinel.cli(&SHORT_PERIODS)?;
        }
        replicated.wait_until_ok()?;
        Ok(replicated)
    }

    /// The primary and the replica; which is which may change.
    #[must_use]
    pub fn data_nodes(&self) -> &[RedisServer] {
        &self.data_nodes
    }

    /// The sentinels, in the order of the URI.
    #[must_use]
    pub fn sentinels(&self) -> &[RedisServer] {
        &self.sentinels
    }

    /// The name by which the sentinels know the primary.
    #[must_use]
    pub fn service_name(&self) -> &'static str {
        SERVICE
    }

    /// `redis+sentinel://127.0.0.1:PORT,…/mymaster`, with the credentials of the primary if any;
    /// those of the sentinels are not in it.
    #[must_use]
    pub fn uri(&self) -> String {
        let addresses: Vec<String> = self.sentinels.iter().map(RedisServer::address).collect();
        let user_info = self.data_nodes[0].user_info();
        format!(
            "redis+sentinel://{user_info}{}/{SERVICE}",
            addresses.join(",")
        )
    }

    /// The primary by the word of the first running sentinel.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`] if no sentinel runs, or as [`RedisServer::cli`].
    pub fn primary(&self) -> Result<&RedisServer, Error> {
        self.primary_by(self.running_sentinel()?)
    }

    /// The data node that is not the [`primary`](Self::primary).
    ///
    /// # Errors
    ///
    /// As [`primary`](Self::primary).
    pub fn replica(&self) -> Result<&RedisServer, Error> {
        let primary = self.primary()?.port();
        let mut others = self.data_nodes.iter();
        others
            .find(|node| node.port() != primary)
            .ok_or_else(|| Error::no_node("replica"))
    }

    /// Orders a sentinel to make the replica the primary, as if the old one were down, and returns
    /// before it is.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if the sentinel cannot.
    pub fn failover(&self) -> Result<(), Error> {
        let sentinel = self.running_sentinel()?;
        sentinel.cli(&["SENTINEL", "FAILOVER", SERVICE]).map(drop)
    }

    /// Waits until all running sentinels name a primary other than `old`, and it agrees.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after 30 seconds.
    pub fn wait_for_other_primary(&self, old: &RedisServer) -> Result<&RedisServer, Error> {
        wait_until("there was another primary", OK_LIMIT, || {
            let other = self.agreed_primary()?;
            let role = other.cli(&["ROLE"]).map_err(|error| error.to_string())?;
            let is_new = other.port() != old.port() && role.starts_with("master");
            is_new.then_some(other).ok_or(role)
        })
    }

    /// Waits until all running sentinels agree about a primary, know its replica in sync, and know
    /// all other sentinels.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after 30 seconds.
    pub fn wait_until_ok(&self) -> Result<(), Error> {
        wait_until("the sentinels knew all", OK_LIMIT, || {
            let replication = in_sync(self.agreed_primary()?.access())?;
            if !replication.contains("connected_slaves:1") {
                return Err(replication);
            }
            let mut sentinels = self.running_sentinels();
            sentinels.try_for_each(look_if_ok)
        })
    }

    fn running_sentinels(&self) -> impl Iterator<Item = &RedisServer> {
        self.sentinels.iter().filter(|node| node.is_running())
    }

    fn running_sentinel(&self) -> Result<&RedisServer, Error> {
        let mut running = self.running_sentinels();
        running.next().ok_or_else(|| Error::no_node("sentinel"))
    }

    fn primary_by(&self, sentinel: &RedisServer) -> Result<&RedisServer, Error> {
        let address = sentinel.cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE])?;
        let address = address.replace('\n', ":");
        let mut nodes = self.data_nodes.iter();
        nodes
            .find(|node| node.address() == address)
            .ok_or_else(|| Error::no_node(format!("primary at {address}")))
    }

    fn agreed_primary(&self) -> Result<&RedisServer, String> {
        let named: Result<Vec<_>, Error> = self
            .running_sentinels()
            .map(|sentinel| self.primary_by(sentinel))
            .collect();
        let named = named.map_err(|error| error.to_string())?;
        let first = *named.first().ok_or("no sentinel runs")?;
        let agree = named.iter().all(|node| node.port() == first.port());
        agree.then_some(first).ok_or("sentinels disagree".into())
    }
}

fn sentinel_options(options: &RedisOptions, primary: &RedisServer) -> RedisOptions {
    let lines = [
        format!("sentinel monitor mymaster 127.0.0.1 {} 2", primary.port()),
        "sentinel down-after-milliseconds mymaster 1000".to_owned(),
        "sentinel failover-timeout mymaster 5000".to_owned(),
        "sentinel parallel-syncs mymaster 1".to_owned(),
    ];
    let data = primary.login().map(|login| {
        let (user, password) = ("sentinel auth-user mymaster", "sentinel auth-pass mymaster");
        login_settings(login, user, password)
    });
    let own = options
        .login
        .as_ref()
        .map(|login| login_settings(login, "sentinel sentinel-user", "sentinel sentinel-pass"));
    let mut sentinel = options.clone();
    sentinel.is_sentinel = true;
    sentinel.settings.extend(lines);
    sentinel
        .settings
        .extend(data.into_iter().chain(own).flatten());
    sentinel
}

fn look_if_ok(sentinel: &RedisServer) -> Result<(), String> {
    let ask = |what| sentinel.cli(&["SENTINEL", what, SERVICE]);
    let primary = ask("MASTER").map_err(|error| error.to_string())?;
    let replicas = ask("REPLICAS").map_err(|error| error.to_string())?;
    let is_ok = field(&primary, "flags") == Some("master")
        && field(&primary, "num-slaves") == Some("1")
        && field(&primary, "num-other-sentinels") == Some("2")
        && field(&replicas, "flags") == Some("slave")
        && field(&replicas, "master-link-status") == Some("ok");
    let port = sentinel.port();
    is_ok
        .then_some(())
        .ok_or_else(|| format!("sentinel on port {port}:\n{primary}\n{replicas}"))
}

/// The line after `name` in an answer of names and values.
fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = answer.lines();
    lines.find(|line| *line == name)?;
    lines.next()
}
