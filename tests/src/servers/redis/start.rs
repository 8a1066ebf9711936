//! How a Redis server is started and waited for.

use core::time::Duration;

use super::access::Access;
use super::config::Config;
use super::options::RedisOptions;
use super::server::{CLI_LIMIT, RedisServer};
use crate::servers::Error;
use crate::servers::ports::free_port;
use crate::servers::process::Process;
use crate::servers::program::Program;
use crate::servers::tls::TlsFiles;
use crate::servers::wait::wait_until;

const REDIS_SERVER: Program = Program {
    name: "redis-server",
    packages: "redis-server redis-tools",
};
const START_LIMIT: Duration = Duration::from_secs(10);
/// Another process may take the port between its choice and its use.
const PORTS_TO_TRY: usize = 5;
const PORT_IS_TAKEN: &str = "Address already in use";

/// Starts one server for each of `options`, all at once, and waits for all.
pub(crate) fn start_all(options: &[RedisOptions]) -> Result<Vec<RedisServer>, Error> {
    let servers: Result<Vec<_>, Error> = options.iter().map(RedisServer::launch).collect();
    servers?.into_iter().map(RedisServer::settle).collect()
}

/// What a server says about replication, if none of its links to others is on the way.
///
/// A replica calls its link up before its primary sends it any write.
pub(crate) fn in_sync(access: &Access) -> Result<String, String> {
    let answer = access.cli(&["INFO", "replication"], CLI_LIMIT);
    let answer = answer.map_err(|error| error.to_string())?;
    let is_linked = !answer.contains("master_link_status:down");
    let online = answer.matches(",state=online,").count();
    if is_linked && online == answer.matches(",state=").count() {
        Ok(answer)
    } else {
        Err(answer)
    }
}

impl RedisServer {
    /// Starts a server without waiting for it.
    pub(crate) fn launch(options: &RedisOptions) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("limits-redis-").tempdir();
        let folder = folder.map_err(Error::io("temporary folder"))?;
        let access = Access {
            port: free_port()?,
            login: options.login.clone(),
            tls: options
                .tls
                .map(|_| TlsFiles::generate(folder.path()))
                .transpose()?,
        };
        let config = Config::new(options, &access, folder.path()).write()?;
        let mut arguments = vec![config];
        arguments.extend(options.is_sentinel.then(|| "--sentinel".to_owned()));
        Ok(Self {
            process: Process::start(REDIS_SERVER, &arguments, folder)?,
            access,
            options: options.clone(),
        })
    }

    /// Waits until a launched server is ready; launches another if its port was taken.
    pub(crate) fn settle(self) -> Result<Self, Error> {
        let server = self.find_port()?;
        if let Some(primary) = &server.options.primary {
            server.wait_until_replicating(primary)?;
        }
        Ok(server)
    }

    fn find_port(self) -> Result<Self, Error> {
        let mut server = self;
        for _ in 1..PORTS_TO_TRY {
            match server.wait_until_ready() {
                Err(Error::Ended { log, .. }) if log.contains(PORT_IS_TAKEN) => {
                    server = Self::launch(&server.options)?;
                }
                result => return result.map(|()| server),
            }
        }
        server.wait_until_ready().map(|()| server)
    }

    pub(crate) fn wait_until_ready(&self) -> Result<(), Error> {
        let until = format!("redis-server on port {} answered", self.port());
        wait_until(&until, START_LIMIT, || {
            if self.process.has_ended() {
                return Ok(Err(self.process.ended()));
            }
            self.look_if_ready().map(Ok)
        })?
    }

    /// It is ready if it answers itself, and not whoever had the port before.
    fn look_if_ready(&self) -> Result<(), String> {
        let own = format!("process_id:{}", self.pid());
        match self.cli(&["INFO", "server"]) {
            Ok(answer) if answer.lines().any(|line| line == own) => Ok(()),
            Ok(answer) => Err(answer + "\n" + &self.log_tail()),
            Err(error) => Err(format!("{error}\n{}", self.log_tail())),
        }
    }

    fn wait_until_replicating(&self, primary: &Access) -> Result<(), Error> {
        let online = format!("port={},state=online", self.port());
        wait_until("the replica was in sync", START_LIMIT, || {
            let own = in_sync(&self.access)?;
            let known = in_sync(primary)?;
            known
                .contains(&online)
                .then_some(())
                .ok_or_else(|| format!("{own}\n{known}"))
        })
    }
}
