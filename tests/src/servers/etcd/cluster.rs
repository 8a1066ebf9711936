use super::options::EtcdOptions;
use super::server::EtcdServer;
use super::start::start_all;
use crate::servers::Error;

const NODES: usize = 3;

/// An etcd cluster of three nodes; dropping it kills them all.
///
/// A node that hears nothing of the leader for a second or two asks the others to elect it.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::EtcdCluster;
///
/// let cluster = EtcdCluster::start()?;
/// cluster.leader()?.kill()?;
/// cluster.wait_until_ready()?;
/// assert!(cluster.leader()?.is_running());
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
pub struct EtcdCluster {
    nodes: Vec<EtcdServer>,
}

impl EtcdCluster {
    /// Starts three nodes and waits until each can be written to.
    ///
    /// # Errors
    ///
    /// As [`EtcdOptions::start`].
    pub fn start() -> Result<Self, Error> {
        let nodes = start_all(&EtcdOptions::new(), NODES)?;
        Ok(Self { nodes })
    }

    /// The nodes, also those that do not run.
    #[must_use]
    pub fn nodes(&self) -> &[EtcdServer] {
        &self.nodes
    }

    /// `etcd://` and the addresses of all nodes.
    #[must_use]
    pub fn uri(&self) -> String {
        let addresses = self.nodes.iter().map(EtcdServer::address);
        format!("etcd://{}", addresses.collect::<Vec<String>>().join(","))
    }

    /// The node that the running ones follow.
    ///
    /// # Errors
    ///
    /// [`Error::NoNode`] if none is, as during an election.
    pub fn leader(&self) -> Result<&EtcdServer, Error> {
        let mut running = self.nodes.iter().filter(|node| node.is_running());
        let leader = running.find(|node| node.is_leader());
        leader.ok_or_else(|| Error::no_node("leader"))
    }

    /// Waits until the running nodes can be written to, as they can while they are a majority.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if they can't for 20 seconds.
    pub fn wait_until_ready(&self) -> Result<(), Error> {
        let mut running = self.nodes.iter().filter(|node| node.is_running());
        running.try_for_each(EtcdServer::wait_until_ready)
    }
}

impl EtcdServer {
    /// Claims that it leads, as far as it knows.
    fn is_leader(&self) -> bool {
        let status = self.cli(&["endpoint", "status", "-w", "fields"]);
        let status = status.unwrap_or_default();
        let field = |name: &str| {
            let (_, rest) = status.split_once(&format!("\"{name}\" : "))?;
            rest.lines().next()
        };
        let leader = field("Leader");
        leader.is_some() && leader == field("MemberID")
    }
}
