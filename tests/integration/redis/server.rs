use core::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use limits::redis::Scripted;
use limits::{RedisStorage, StorageError};
use limits_core::window::{Charge, Settled};
use limits_core::{Ask, Decision, Keeps, Key, Limit, Timestamp};
use limits_tests::servers::{RedisOptions, RedisServer};
use redis::{Client, Commands, Connection, FromRedisValue};
use tokio::runtime::{Builder, Runtime};

/// What the caller's clock tells: nothing depends on it.
pub(crate) const HERE: Timestamp = Timestamp::from_secs(1_000_000);

/// The key of a test that needs but one.
pub(crate) const KEY: &str = "key";

/// A busy machine is not what is tested here.
const PATIENT: &str = "response_timeout_ms=30000&connect_timeout_ms=30000";

/// A server, a storage on it, and a connection that looks behind the storage.
pub(crate) struct Server {
    process: RedisServer,
    storage: RedisStorage,
    behind: Mutex<Connection>,
    runtime: Runtime,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&RedisOptions::new())
    }

    pub(crate) fn start_with(options: &RedisOptions) -> Self {
        let process = options.start().expect("Redis starts");
        let client = Client::open(process.uri()).expect("it is a URI");
        let connection = client.get_connection().expect("Redis answers");
        let runtime = Builder::new_current_thread().enable_all().build();
        Self {
            storage: storage(&process, ""),
            process,
            behind: Mutex::new(connection),
            runtime: runtime.expect("there is a runtime"),
        }
    }

    pub(crate) fn process(&self) -> &RedisServer {
        &self.process
    }

    pub(crate) fn storage(&self) -> &RedisStorage {
        &self.storage
    }

    /// Another storage on the server.
    pub(crate) fn storage_with(&self, options: &str) -> RedisStorage {
        storage(&self.process, options)
    }

    pub(crate) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Makes a hit on the window of the one key.
    pub(crate) fn hit<K: Scripted>(&self, kind: K, limit: Limit, cost: u64) -> Decision {
        self.try_hit(kind, limit, cost).expect("it counts")
    }

    pub(crate) fn try_hit<K: Scripted>(
        &self,
        kind: K,
        limit: Limit,
        cost: u64,
    ) -> Result<Decision, StorageError> {
        let ask = Ask::of_key(kind, key(), limit, cost);
        self.wait(self.storage.acquire(ask, HERE))
    }

    /// Asks the window of the one key.
    pub(crate) fn test<K: Scripted>(&self, kind: K, limit: Limit, cost: u64) -> Decision {
        self.try_test(kind, limit, cost).expect("it reads")
    }

    pub(crate) fn try_test<K: Scripted>(
        &self,
        kind: K,
        limit: Limit,
        cost: u64,
    ) -> Result<Decision, StorageError> {
        let ask = Ask::of_key(kind, key(), limit, cost);
        self.wait(self.storage.peek(ask, HERE))
    }

    pub(crate) fn settle<K: Scripted>(&self, kind: K, charge: Charge, used: u64) -> Settled {
        let settled = self.storage.settle(kind, key(), charge, used, HERE);
        self.wait(settled).expect("it settles")
    }

    /// Sends a command behind the storage's back.
    pub(crate) fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut query = redis::cmd(command[0]);
        for argument in &command[1..] {
            query.arg(*argument);
        }
        let answer = query.query(&mut *self.behind());
        answer.unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Keeps a list of these elements, the first one at the head, under a key.
    pub(crate) fn keep_list(&self, key: &str, elements: &[String]) {
        self.forget(key);
        if !elements.is_empty() {
            let kept: u64 = self
                .behind()
                .rpush(key, elements)
                .expect("Redis keeps a list");
            assert_eq!(Ok(kept), u64::try_from(elements.len()));
        }
    }

    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        self.ask(&["LRANGE", key, "0", "-1"])
    }

    /// Keeps a counter that expires at a millisecond of the server.
    pub(crate) fn keep_counter(&self, key: &str, count: impl ToString, end: u64) {
        let (count, end) = (count.to_string(), end.to_string());
        let () = self.ask(&["SET", key, &count, "PXAT", &end]);
    }

    pub(crate) fn forget(&self, key: &str) {
        let () = self.ask(&["UNLINK", key]);
    }

    pub(crate) fn entry(&self, key: &str) -> Entry {
        Entry {
            dump: self.ask(&["DUMP", key]),
            end: self.ask(&["PEXPIRETIME", key]),
        }
    }

    /// Tells a counter, if there is one, and the millisecond at which it expires.
    pub(crate) fn counter(&self, key: &str) -> Option<(i64, i64)> {
        let count: Option<i64> = self.ask(&["GET", key]);
        count.map(|count| (count, self.entry(key).end))
    }

    /// Tells the server's clock, in microseconds.
    pub(crate) fn now(&self) -> u64 {
        let (seconds, micros): (u64, u64) = self.ask(&["TIME"]);
        seconds * 1_000_000 + micros
    }

    /// Makes a call and tells when the server may have been at it.
    pub(crate) fn timed<T>(&self, call: impl FnOnce() -> T) -> (T, Passage) {
        let before = self.now();
        let output = call();
        let after = self.now();
        (output, Passage { before, after })
    }

    fn behind(&self) -> MutexGuard<'_, Connection> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the server keeps under a key, to the byte.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    dump: Option<Vec<u8>>,
    /// The millisecond at which it expires, -1 if never, -2 if there is nothing.
    pub(crate) end: i64,
}

impl Entry {
    pub(crate) fn is_absent(&self) -> bool {
        self.dump.is_none()
    }
}

/// The server's clock before and after a call, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    pub(crate) before: u64,
    pub(crate) after: u64,
}

impl Passage {
    /// The whole milliseconds that the call may have been in.
    pub(crate) fn millis(self) -> RangeInclusive<u64> {
        self.before / 1_000..=self.after / 1_000
    }

    /// The instants at which an answer may have been made that counts `span` microseconds
    /// to an end in whole milliseconds.
    pub(crate) fn instants(self, span: u64) -> impl Iterator<Item = u64> {
        (self.before..=self.after).filter(move |instant| (instant + span).is_multiple_of(1_000))
    }

    /// So many times the server's clock may have gone to the next millisecond.
    pub(crate) fn whole_millis(self) -> u64 {
        self.after / 1_000 - self.before / 1_000
    }
}

/// An instant that is a millisecond of the server.
pub(crate) fn at_millis(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

/// What an answer says, with spans from its own instant, in microseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) allowed: bool,
    pub(crate) remaining: u64,
    pub(crate) reset_after: u64,
    pub(crate) retry_after: Option<u64>,
}

impl From<Decision> for Told {
    fn from(decision: Decision) -> Self {
        let since_now = |instant: Timestamp| instant.saturating_since(decision.now()).as_micros();
        Self {
            allowed: decision.allowed(),
            remaining: decision.remaining(),
            reset_after: since_now(decision.reset_time()),
            retry_after: decision.retry_at().map(since_now),
        }
    }
}

pub(crate) fn key() -> Key<'static> {
    Key::from(KEY)
}

fn storage(process: &RedisServer, options: &str) -> RedisStorage {
    let uri = format!("{}?{PATIENT}{options}", process.uri());
    RedisStorage::from_uri(&uri).expect("it is a URI")
}
