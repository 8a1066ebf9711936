use core::time::Duration;

use futures_util::future::join_all;
use limits_core::window::{Elastic, Fixed};
use limits_core::{Clock, Key, Micros, StrategyName, Timestamp};

use super::error;
use super::forms::{Counter, Counters};
use super::names::safe;
use super::node::Node;
use super::placement::Placement;
use super::protocol::{Command, Reply, time_of_life};
use crate::cas::{Cas, Found, Recipe, Swap, Versioned, WallClock, state};
use crate::error::{StorageError, StorageErrorKind};
use crate::uri::{Location, StorageUri, Timeouts};

/// Counters in memcached: `memcached://`.
///
/// ```no_run
/// use limits::{FixedWindowRateLimiter, MemcachedStorage, RateLimitItem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), limits::StorageError> {
/// let storage = MemcachedStorage::from_uri("memcached://localhost:11211")?;
/// let limiter = FixedWindowRateLimiter::new(storage);
/// let decision = limiter.hit(&RateLimitItem::per_minute(100), "user-42", 1).await?;
/// # Ok(())
/// # }
/// ```
pub type MemcachedStorage = Cas<Memcached>;

/// What errors name it by.
pub(super) const NAME: &str = "memcached";

/// The schemes of its URIs.
pub(crate) const SCHEMES: &[&str] = &[NAME];

const PORT: u16 = 11_211;

/// One or several memcached servers.
pub struct Memcached {
    nodes: Vec<Node>,
    /// In the order of the nodes: what keys are placed by.
    servers: Vec<(String, u16)>,
    placement: Placement,
    timeouts: Timeouts,
}

impl MemcachedStorage {
    /// Makes the storage that a URI names; [`storage_from_string`](crate::storage_from_string)
    /// tells the options. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Of kind [`Configuration`](StorageErrorKind::Configuration), saying which part of
    /// the URI is wrong.
    pub fn from_uri(uri: &str) -> Result<Self, StorageError> {
        Memcached::from_uri(uri).map(Self::new)
    }
}

/// Makes the storage that a URI of its scheme names.
pub(crate) fn from_uri(uri: &StorageUri) -> Result<MemcachedStorage, StorageError> {
    Memcached::of(uri).map(Cas::new)
}

impl Memcached {
    /// Makes the servers that a URI names, for [`Cas::with_wall_clock`].
    ///
    /// # Errors
    ///
    /// As [`MemcachedStorage::from_uri`].
    pub fn from_uri(uri: &str) -> Result<Self, StorageError> {
        Self::of(&StorageUri::of_schemes(SCHEMES, uri)?)
    }

    fn of(uri: &StorageUri) -> Result<Self, StorageError> {
        uri.check_options(&[&Timeouts::OPTIONS[..], &["placement"]].concat())?;
        let placement = uri.option::<String>("placement")?;
        let placement = placement.map(|name| name.parse::<Placement>());
        let placement = placement.transpose().map_err(|()| {
            uri.wrong("the option `placement` is neither memcachio nor pymemcache")
        })?;
        let timeouts = Timeouts::of(uri)?;
        let location = Location::of(uri)?;
        location.check_no_path(uri)?;
        let login = location.login(uri)?;
        let in_text = |text: &str| text.chars().any(|c| c.is_whitespace() || c.is_control());
        if login
            .iter()
            .any(|(user, password)| in_text(user) || in_text(password))
        {
            return Err(uri.wrong("the user or the password has a space in it"));
        }
        let servers = location.servers(PORT);
        let nodes = servers
            .iter()
            .map(|(host, port)| Node::new(host.clone(), *port, login.clone(), timeouts));
        Ok(Self {
            nodes: nodes.collect(),
            servers,
            placement: placement.unwrap_or_default(),
            timeouts,
        })
    }

    /// Has commands done, each by the node of a number: in one round trip to all nodes.
    async fn ask(&self, commands: Vec<(usize, Command)>) -> Result<Vec<Reply>, StorageError> {
        let mut replies = Vec::with_capacity(commands.len());
        replies.resize_with(commands.len(), || Reply::Missing);
        let asked = self.nodes.iter().enumerate().map(async |(number, node)| {
            let own = commands.iter().enumerate();
            let own = own.filter(|(_, (of, _))| *of == number);
            let (places, own): (Vec<_>, Vec<_>) = own.map(|(place, (_, own))| (place, own)).unzip();
            if places.is_empty() {
                return Ok::<_, StorageError>((places, Vec::new()));
            }
            Ok((places, node.ask(&own).await?))
        });
        for answered in join_all(asked).await {
            let (places, answers) = answered?;
            for (place, answer) in places.into_iter().zip(answers) {
                if let Reply::Error(words) = &answer {
                    return Err(error::of_reply(words));
                }
                replies[place] = answer;
            }
        }
        Ok(replies)
    }

    fn node_of(&self, name: &str) -> usize {
        self.placement.server(&self.servers, name)
    }

    fn out_of_step(&self) -> StorageError {
        let reason = "the server answered something else";
        StorageError::new(StorageErrorKind::Unavailable, NAME, reason)
    }
}

impl Versioned for Memcached {
    type Version = u64;

    fn name(&self) -> &str {
        NAME
    }

    fn patience(&self) -> Duration {
        // A round is some exchanges, and waits for the one before it.
        8 * (self.timeouts.connect() + self.timeouts.response())
    }

    async fn read(&self, names: &[String]) -> Result<Vec<Option<Found<u64>>>, StorageError> {
        let commands = names.iter().map(|name| {
            let name = safe(name);
            (self.node_of(&name), Command::get(&name))
        });
        let replies = self.ask(commands.collect()).await?;
        let found = replies.into_iter().map(|reply| match reply {
            Reply::Value(item) => Ok(Some(Found {
                value: item.value,
                note: item.flags,
                left: item.left.map(Micros::from_secs),
                version: item.version,
            })),
            Reply::Missing => Ok(None),
            _ => Err(self.out_of_step()),
        });
        found.collect()
    }

    /// One at a time.
    async fn swap(&self, swaps: &[Swap<'_, u64>]) -> Result<bool, StorageError> {
        let Some(Swap {
            names,
            version,
            write,
        }) = swaps.first()
        else {
            return Ok(true);
        };
        let Some(name) = names.first().map(|name| safe(name)) else {
            return Ok(true);
        };
        let life = time_of_life(write.lives, WallClock.now().since_epoch().as_secs());
        let swap = Command::swap(&name, version.copied(), write.note, &write.value, life);
        let replies = self.ask(vec![(self.node_of(&name), swap)]).await?;
        match replies.first() {
            Some(Reply::Done) => {}
            Some(Reply::Refused) => return Ok(false),
            _ => return Err(self.out_of_step()),
        }
        if let (Some(value), [_, beside, ..]) = (&write.beside, *names) {
            let name = safe(beside);
            let set = Command::set(&name, value, life);
            // For others: the window holds without it.
            let _ = self.ask(vec![(self.node_of(&name), set)]).await;
        }
        Ok(true)
    }

    /// Every server answers.
    async fn check(&self) -> Result<(), StorageError> {
        let commands = (0..self.nodes.len()).map(|node| (node, Command::nothing()));
        let replies = self.ask(commands.collect()).await?;
        if replies.iter().all(|reply| *reply == Reply::Done) {
            Ok(())
        } else {
            Err(self.out_of_step())
        }
    }

    /// Unsupported: servers can't tell these keys from others.
    async fn reset(&self) -> Result<u64, StorageError> {
        let reason = "memcached can't tell which keys are those of limits; flush it if all are";
        Err(StorageError::new(
            StorageErrorKind::Unsupported,
            NAME,
            reason,
        ))
    }

    async fn clear(&self, key: Key<'_>, now: Timestamp) -> Result<(), StorageError> {
        let text = key.to_string();
        let apart = StrategyName::ALL
            .iter()
            .filter(|strategy| !is_sliding(**strategy));
        let names = apart.flat_map(|strategy| self.recipe(*strategy).names(&text, 0));
        let commands = names.chain(Counters::names_at(key, now)).map(|name| {
            let name = safe(&name);
            (self.node_of(&name), Command::delete(&name))
        });
        self.ask(commands.collect()).await.map(drop)
    }

    fn recipe(&self, strategy: StrategyName) -> &'static dyn Recipe {
        match strategy {
            StrategyName::FixedWindow => &Counter::<Fixed>::FORM,
            StrategyName::FixedWindowElasticExpiry => &Counter::<Elastic>::FORM,
            StrategyName::SlidingWindowCounter => &Counters,
            _ => state(strategy),
        }
    }
}

fn is_sliding(strategy: StrategyName) -> bool {
    strategy == StrategyName::SlidingWindowCounter
}

impl core::fmt::Debug for Memcached {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Memcached").finish_non_exhaustive()
    }
}
