use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{ErrorKind, RedisError, RedisResult, Value, from_redis_value};

/// A server that keys are written to.
pub(super) enum Primary {
    /// There is but one.
    Only,
    /// One of a cluster.
    At { host: String, port: u16 },
}

impl Primary {
    /// The route of a command to every primary of a cluster.
    pub(super) const fn all() -> RoutingInfo {
        RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None))
    }

    pub(super) fn route(&self) -> Option<RoutingInfo> {
        let Self::At { host, port } = self else {
            return None;
        };
        let (host, port) = (host.clone(), *port);
        Some(RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress {
            host,
            port,
        }))
    }

    /// Takes the answers of all primaries apart.
    pub(super) fn by_name(answers: Value) -> RedisResult<Vec<(Self, Value)>> {
        let answers: Vec<(String, Value)> = from_redis_value(answers)?;
        let named = answers.into_iter().map(|(address, answer)| {
            let unnamed = || RedisError::from((ErrorKind::Client, "a node has no address"));
            let (host, port) = address.rsplit_once(':').ok_or_else(unnamed)?;
            let port = port.parse().map_err(|_| unnamed())?;
            let host = host.to_owned();
            Ok((Self::At { host, port }, answer))
        });
        named.collect()
    }
}
