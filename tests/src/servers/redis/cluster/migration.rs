use core::time::Duration;

use super::{RedisCluster, View};
use crate::servers::wait::wait_until;
use crate::servers::{Error, RedisServer};

const BATCH: &str = "100";
const MOVE_TIMEOUT_MS: &str = "3000";
const AGREE_LIMIT: Duration = Duration::from_secs(10);

/// A slot on its way from one primary to another.
///
/// From the begin on, the old primary answers for the keys it still has and sends clients to the
/// new one for all others (`ASK`). From the finish on, it sends them there for good (`MOVED`).
/// Dropped before, the slot stays on the way.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::RedisCluster;
///
/// let cluster = RedisCluster::start()?;
/// let slot = cluster.slot_of_key("a")?;
/// let from = cluster.owner_of_slot(slot)?;
/// let to = cluster.owner_of_slot((slot + 8192) % 16384)?;
/// let migration = cluster.begin_migration(slot, to)?;
/// assert!(from.cli(&["GET", "a"]).is_err_and(|error| error.to_string().contains("ASK")));
/// migration.move_keys()?;
/// migration.finish()?;
/// assert!(from.cli(&["GET", "a"]).is_err_and(|error| error.to_string().contains("MOVED")));
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the slot stays on the way until the migration is finished or cancelled"]
pub struct SlotMigration<'a> {
    cluster: &'a RedisCluster,
    slot: String,
    from: &'a RedisServer,
    to: &'a RedisServer,
}

impl<'a> SlotMigration<'a> {
    pub(crate) fn begin(
        cluster: &'a RedisCluster,
        slot: u16,
        to: &'a RedisServer,
    ) -> Result<Self, Error> {
        let migration = Self {
            cluster,
            slot: slot.to_string(),
            from: cluster.owner_of_slot(slot)?,
            to,
        };
        migration.set_slot(to, "IMPORTING", &id(migration.from)?)?;
        migration.set_slot(migration.from, "MIGRATING", &id(to)?)?;
        Ok(migration)
    }

    /// The primary that had the slot at the begin.
    #[must_use]
    pub fn from(&self) -> &'a RedisServer {
        self.from
    }

    /// The primary that gets the slot.
    #[must_use]
    pub fn to(&self) -> &'a RedisServer {
        self.to
    }

    /// Moves one key of the slot; does nothing if there is no such key.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::cli`].
    pub fn move_key(&self, key: &str) -> Result<(), Error> {
        self.migrate(&[key])
    }

    /// Moves all keys that the slot has now; none may hold a line break.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::cli`].
    pub fn move_keys(&self) -> Result<(), Error> {
        loop {
            let command = ["CLUSTER", "GETKEYSINSLOT", &self.slot, BATCH];
            let keys = self.from.cli(&command)?;
            if keys.is_empty() {
                return Ok(());
            }
            self.migrate(&keys.lines().collect::<Vec<_>>())?;
        }
    }

    /// Gives the slot to its new primary, and waits until all running nodes know.
    ///
    /// Keys that were not moved are lost.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::cli`], and [`Error::TimedOut`] if a node does not learn of it.
    pub fn finish(self) -> Result<(), Error> {
        let new_owner = id(self.to)?;
        // The new owner first, or the slot would be without one in between.
        for node in [self.to, self.from]
            .into_iter()
            .chain(self.cluster.primaries()?)
        {
            self.set_slot(node, "NODE", &new_owner)?;
        }
        wait_until("all nodes knew the slot's owner", AGREE_LIMIT, || {
            let mut nodes = self.cluster.running();
            nodes.try_for_each(|node| self.look_if_known(node))
        })
    }

    /// Leaves the slot to its old primary; keys that were moved already are lost.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::cli`].
    pub fn cancel(self) -> Result<(), Error> {
        for node in [self.from, self.to] {
            node.cli(&["CLUSTER", "SETSLOT", &self.slot, "STABLE"])?;
        }
        Ok(())
    }

    fn set_slot(&self, node: &RedisServer, state: &str, of: &str) -> Result<(), Error> {
        node.cli(&["CLUSTER", "SETSLOT", &self.slot, state, of])
            .map(drop)
    }

    fn migrate(&self, keys: &[&str]) -> Result<(), Error> {
        let port = self.to.port().to_string();
        let mut command = vec!["MIGRATE", "127.0.0.1", &port, "", "0", MOVE_TIMEOUT_MS];
        if let Some(login) = self.to.login() {
            let user = login.user.as_deref().unwrap_or("default");
            command.extend(["AUTH2", user, &login.password]);
        }
        command.push("KEYS");
        command.extend(keys);
        self.from.cli(&command).map(drop)
    }

    fn look_if_known(&self, node: &RedisServer) -> Result<(), String> {
        let view = View::of(node).map_err(|error| error.to_string())?;
        let slot = self.slot.parse().expect("it was made of a slot");
        match view.owner(slot) {
            Some(owner) if owner.port == self.to.port() => Ok(()),
            _ => Err(format!("{} does not: {view:#?}", node.address())),
        }
    }
}

fn id(node: &RedisServer) -> Result<String, Error> {
    node.cli(&["CLUSTER", "MYID"])
}
