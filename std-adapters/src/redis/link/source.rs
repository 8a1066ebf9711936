//! Where a connection comes from: the only place that knows how servers are grouped.

use core::fmt;

use futures_util::future::{FutureExt, select_ok};
use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::sentinel::SentinelClient;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, RedisResult, Value};
use tokio::sync::Mutex;

use crate::uri::Timeouts;

/// What connections are made from.
pub(in crate::redis) enum Source {
    /// One server, or whatever answers at its address.
    Server(Box<Client>),
    /// The primary, or a replica, that sentinels name: a client for each sentinel,
    /// since one that hangs must not keep the others from answering.
    Sentinels(Vec<Mutex<SentinelClient>>),
    /// A cluster.
    Cluster(Box<ClusterClient>),
    /// A connection of the caller's, which reconnects by itself.
    Given(Live),
}

/// A connection that many calls share.
#[derive(Clone)]
pub(in crate::redis) enum Live {
    Server(MultiplexedConnection),
    Manager(ConnectionManager),
    Cluster(ClusterConnection),
}

/// Which server of a cluster a command is for; there is no choice elsewhere.
#[derive(Clone, Copy)]
pub(in crate::redis) enum Route<'a> {
    /// Those that have the command's keys.
    Keys,
    /// Every primary; the answer is a map of theirs by address.
    Primaries,
    /// The primary at an address.
    Primary(&'a str),
}

impl Source {
    pub(super) async fn connect(&self, timeouts: Timeouts) -> RedisResult<Live> {
        match self {
            Self::Server(client) => {
                let config = untimed();
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Live::Server(connection.await?))
            }
            Self::Sentinels(sentinels) => first_of(sentinels).await.map(Live::Server),
            Self::Cluster(client) => {
                let connection = client.get_async_connection_with_config(in_time(timeouts));
                Ok(Live::Cluster(connection.await?))
            }
            Self::Given(live) => Ok(live.clone()),
        }
    }

    /// Tells whether a connection is not to be used again after an error.
    ///
    /// One that timed out is not: its peer may be gone without a word.
    pub(super) fn is_lost_by(&self, error: &RedisError) -> bool {
        match self {
            Self::Server(_) | Self::Sentinels(_) => {
                error.is_io_error() || error.is_unrecoverable_error()
            }
            Self::Cluster(_) | Self::Given(_) => false,
        }
    }

    /// Tells whether a connection should be made anew after an error, without
    /// haste: that of a cluster looks after its nodes itself, but waits forever
    /// for one that hangs and doesn't see that another has taken over.
    pub(super) fn is_in_doubt_by(&self, error: &RedisError) -> bool {
        matches!(self, Self::Cluster(_)) && error.is_timeout()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(client) => write!(f, "{}", client.get_connection_info().addr()),
            Self::Sentinels(_) => f.write_str("the server that the sentinels name"),
            Self::Cluster(_) => f.write_str("the cluster"),
            Self::Given(_) => f.write_str("the server"),
        }
    }
}

impl Live {
    pub(super) async fn query(&mut self, command: &Cmd, route: Route<'_>) -> RedisResult<Value> {
        match self {
            Self::Server(connection) => command.query_async(connection).await,
            Self::Manager(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => match route.of_cluster()? {
                Some(route) => {
                    connection
                        .route_command(command.clone(), route)
                        .boxed()
                        .await
                }
                None => command.query_async(connection).await,
            },
        }
    }
}

impl Route<'_> {
    fn of_cluster(self) -> RedisResult<Option<RoutingInfo>> {
        let address = match self {
            Self::Keys => return Ok(None),
            Self::Primaries => {
                let all = (MultipleNodeRoutingInfo::AllMasters, None);
                return Ok(Some(RoutingInfo::MultiNode(all)));
            }
            Self::Primary(address) => address,
        };
        let parts = address.rsplit_once(':');
        let parts = parts.and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        let Some((host, port)) = parts else {
            return Err((ErrorKind::Client, "a node has no address").into());
        };
        let node = SingleNodeRoutingInfo::ByAddress { host, port };
        Ok(Some(RoutingInfo::SingleNode(node)))
    }
}

/// Asks all sentinels at once and takes the first connection that comes of it.
async fn first_of(sentinels: &[Mutex<SentinelClient>]) -> RedisResult<MultiplexedConnection> {
    let config = untimed();
    let attempts = sentinels.iter().map(|sentinel| {
        let config = &config;
        async move {
            let mut sentinel = sentinel.lock().await;
            sentinel.get_async_connection_with_config(config).await
        }
        .boxed()
    });
    let attempts: Vec<_> = attempts.collect();
    if attempts.is_empty() {
        return Err((ErrorKind::EmptySentinelList, "there is no sentinel").into());
    }
    let (connection, _others) = select_ok(attempts).await?;
    Ok(connection)
}

/// Whoever calls has timeouts.
fn untimed() -> AsyncConnectionConfig {
    let config = AsyncConnectionConfig::new();
    let config = config
        .set_connection_timeout(None)
        .set_response_timeout(None);
    config.set_pipeline_buffer_size(1_024)
}

/// A node that hangs is waited for twice before there is a connection to the
/// others. A command whose caller has given up is not sent again: so each may
/// take longer than its caller waits.
fn in_time(timeouts: Timeouts) -> ClusterConfig {
    ClusterConfig::new()
        .set_connection_timeout(timeouts.connect() / 3)
        .set_response_timeout(timeouts.response() * 2)
}
