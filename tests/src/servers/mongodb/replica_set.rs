use core::time::Duration;

use mongodb::bson::{Document, doc};

use super::options::MongoDbOptions;
use super::server::MongoDbServer;
use crate::servers::Error;
use crate::servers::wait::wait_until;

const MEMBERS: usize = 3;
const ELECTION_LIMIT: Duration = Duration::from_secs(60);

/// A replica set of three servers; dropping it kills them all.
///
/// Those that hear nothing of the primary for three seconds elect another.
///
/// # Examples
///
/// ```
/// use limits_tests::servers::MongoDbReplicaSet;
///
/// let set = MongoDbReplicaSet::start()?;
/// set.primary()?.kill()?;
/// assert!(set.primary()?.is_running());
/// # Ok::<(), limits_tests::servers::Error>(())
/// ```
#[derive(Debug)]
pub struct MongoDbReplicaSet {
    members: Vec<MongoDbServer>,
}

impl MongoDbReplicaSet {
    /// Starts three servers and waits until they have a primary and its data.
    ///
    /// # Errors
    ///
    /// As [`MongoDbOptions::start`].
    pub fn start() -> Result<Self, Error> {
        let options = MongoDbOptions::new().as_replica_set();
        let members = (0..MEMBERS).map(|_| MongoDbServer::running(&options));
        let set = Self {
            members: members.collect::<Result<_, _>>()?,
        };
        let members: Vec<Document> = (0..)
            .zip(&set.members)
            .map(|(number, member)| doc! { "_id": number, "host": member.address() })
            .collect();
        let settings = doc! { "electionTimeoutMillis": 3_000 };
        let initiate = doc! { "_id": "rs", "members": members, "settings": settings };
        set.members[0].command("admin", doc! { "replSetInitiate": initiate })?;
        let primary = set.primary()?;
        wait_until("all members had the data", ELECTION_LIMIT, || {
            let status = primary.command("admin", doc! { "replSetGetStatus": 1 });
            let status = status.map_err(|error| error.to_string())?;
            has_data(&status)
                .then_some(())
                .ok_or_else(|| status.to_string())
        })?;
        Ok(set)
    }

    /// The servers, also those that do not run.
    #[must_use]
    pub fn members(&self) -> &[MongoDbServer] {
        &self.members
    }

    /// `mongodb://` and the addresses of all.
    #[must_use]
    pub fn uri(&self) -> String {
        let addresses: Vec<_> = self.members.iter().map(MongoDbServer::address).collect();
        format!("mongodb://{}/?replicaSet=rs", addresses.join(","))
    }

    /// The server that is written to; waits for an election.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if there is none within a minute.
    pub fn primary(&self) -> Result<&MongoDbServer, Error> {
        wait_until("a replica set had a primary", ELECTION_LIMIT, || {
            let mut running = self.members.iter().filter(|member| member.is_running());
            let primary = running.find(|member| member.is_writable());
            primary.ok_or_else(|| "no member can be written to".to_owned())
        })
    }
}

/// Whether every member is the primary or a secondary, which a new one becomes in time.
fn has_data(status: &Document) -> bool {
    let members = status.get_array("members").into_iter().flatten();
    let states = members.map(|member| member.as_document()?.get_i32("state").ok());
    states.into_iter().all(|state| matches!(state, Some(1 | 2)))
}
