mod migration;
mod view;

use core::time::Duration;

pub use migration::SlotMigration;
use view::{Node, View};

use super::options::RedisOptions;
use super::server::RedisServer;
use super::start::{in_sync, start_all};
use crate::servers::Error;
use crate::servers::wait::wait_until;

const NODES: usize = 6;
const PRIMARIES: usize = 3;
const CREATE_LIMIT: Duration = Duration::from_secs(30);
/// A failover takes the node timeout, an election, and on a busy machine a second try.
const OK_LIMIT: Duration = Duration::from_secs(30);

/// A Redis Cluster of three primaries with a replica each; dropping it kills all nodes.
///
/// The node timeout is 2 seconds. The slots of a lost primary do not keep the others from
/// answering (`cluster-require-full-coverage no`), and no replica changes its primary by itself
/// other than by a failover (`cluster-allow-replica-migration no`).
///
/// # Examples
///
/// ```
/// use limits_tests::servers::RedisCluster;
///
/// let cluster = RedisCluster::start()?;
/// assert!(cluster.uri().starts_with("redis+cluster://127.0.0.1:"));
/// cluster.primary_of_key("a")?.kill()?;
/// cluster.wait_until_ok()?;
/// assert!(cluster.primary_of_key("a")?.is_running());
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts a cluster with the default [`RedisOptions`] and waits until all of it is ready.
    ///
    /// # Errors
    ///
    /// As [`RedisOptions::start`], and [`Error::Command`] if the nodes do not form a cluster.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(&RedisOptions::new())
    }

    /// Starts a cluster whose nodes have these options, which must not ask for TLS.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(options: &RedisOptions) -> Result<Self, Error> {
        let options = options
            .clone()
            .with_setting("cluster-enabled", "yes")
            .with_setting("cluster-node-timeout", "2000")
            .with_setting("cluster-require-full-coverage", "no")
            .with_setting("cluster-allow-replica-migration", "no")
            .with_setting("cluster-replica-validity-factor", "0")
            .with_own_login_for_replication();
        let nodes = start_all(&vec![options; NODES])?;
        let cluster = Self { nodes };
        cluster.join()?;
        cluster.wait_until_ok()?;
        Ok(cluster)
    }

    /// All nodes, in the order of the URI; which are primaries may change.
    #[must_use]
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// `redis+cluster://127.0.0.1:PORT,127.0.0.1:PORT,…`, with the credentials if any.
    #[must_use]
    pub fn uri(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().map(RedisServer::address).collect();
        let user_info = self.nodes[0].user_info();
        format!("redis+cluster://{user_info}{}", addresses.join(","))
    }

    /// The running nodes that are primaries in their own view.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::cli`].
    pub fn primaries(&self) -> Result<Vec<&RedisServer>, Error> {
        let mut primaries = Vec::new();
        for node in self.running() {
            if View::of(node)?.is_of_primary() {
                primaries.push(node);
            }
        }
        Ok(primaries)
    }

    /// The slot of `key`, as a running node computes it.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`] if no node runs, or as [`RedisServer::cli`].
    pub fn slot_of_key(&self, key: &str) -> Result<u16, Error> {
        let node = self.nodes.iter().find(|node| node.is_running());
        let node = node.ok_or_else(|| Error::no_node("node"))?;
        let answer = node.cli(&["CLUSTER", "KEYSLOT", key])?;
        answer.parse().map_err(|_| Error::Command {
            command: format!("CLUSTER KEYSLOT {key}"),
            answer,
        })
    }

    /// The primary of `slot`; of several that claim it, the one with the newest claim.
    ///
    /// After a kill it is the killed node until another has taken over: see
    /// [`wait_until_ok`](Self::wait_until_ok).
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`] if none claims it, or as [`RedisServer::cli`].
    pub fn owner_of_slot(&self, slot: u16) -> Result<&RedisServer, Error> {
        let views = self.views()?;
        let owners = views.iter().filter_map(|view| view.owner(slot));
        owners
            .max_by_key(|owner| owner.epoch)
            .and_then(|owner| self.server(owner))
            .ok_or_else(|| Error::no_node(format!("primary of slot {slot}")))
    }

    /// The primary of `key`, as [`owner_of_slot`](Self::owner_of_slot).
    ///
    /// # Errors
    ///
    /// As [`owner_of_slot`](Self::owner_of_slot).
    pub fn primary_of_key(&self, key: &str) -> Result<&RedisServer, Error> {
        self.owner_of_slot(self.slot_of_key(key)?)
    }

    /// The nodes that replicate `primary`, which must run.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::cli`].
    pub fn replicas_of(&self, primary: &RedisServer) -> Result<Vec<&RedisServer>, Error> {
        let view = View::of(primary)?;
        let replicas = view.replicas_of_myself();
        Ok(replicas.filter_map(|node| self.server(node)).collect())
    }

    /// Waits until the cluster is whole, or has got over the loss of nodes: every running node
    /// says that the cluster is ok, knows a running primary of each slot, and is in sync.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after 30 seconds.
    pub fn wait_until_ok(&self) -> Result<(), Error> {
        wait_until("the cluster was ok", OK_LIMIT, || {
            let mut nodes = self.running();
            nodes.try_for_each(|node| self.look_if_ok(node))
        })
    }

    /// Moves `slot` with its keys to the primary `to`.
    ///
    /// # Errors
    ///
    /// As [`begin_migration`](Self::begin_migration).
    pub fn migrate_slot(&self, slot: u16, to: &RedisServer) -> Result<(), Error> {
        let migration = self.begin_migration(slot, to)?;
        migration.move_keys()?;
        migration.finish()
    }

    /// Begins to move `slot` to the primary `to`; the rest is up to the caller.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`] if the slot has no primary, or as [`RedisServer::cli`].
    pub fn begin_migration<'a>(
        &'a self,
        slot: u16,
        to: &'a RedisServer,
    ) -> Result<SlotMigration<'a>, Error> {
        SlotMigration::begin(self, slot, to)
    }

    fn join(&self) -> Result<(), Error> {
        let addresses: Vec<String> = self.nodes.iter().map(RedisServer::address).collect();
        let mut command = vec!["--cluster", "create"];
        command.extend(addresses.iter().map(String::as_str));
        command.extend(["--cluster-replicas", "1", "--cluster-yes"]);
        self.nodes[0].cli_within(CREATE_LIMIT, &command).map(drop)
    }

    fn running(&self) -> impl Iterator<Item = &RedisServer> {
        self.nodes.iter().filter(|node| node.is_running())
    }

    fn views(&self) -> Result<Vec<View>, Error> {
        self.running().map(View::of).collect()
    }

    fn server(&self, node: &Node) -> Option<&RedisServer> {
        self.nodes.iter().find(|server| server.port() == node.port)
    }

    fn look_if_ok(&self, node: &RedisServer) -> Result<(), String> {
        let info = node.cli(&["CLUSTER", "INFO"]);
        let info = info.map_err(|error| error.to_string())?;
        let view = View::of(node).map_err(|error| error.to_string())?;
        let is_up = |node: &Node| self.server(node).is_some_and(RedisServer::is_running);
        let is_ok = info.contains("cluster_state:ok") && view.is_complete(NODES, PRIMARIES, is_up);
        is_ok
            .then_some(())
            .ok_or_else(|| format!("{}:\n{info}\n{view:#?}", node.address()))?;
        in_sync(node.access()).map(drop)
    }
}
