//! The URIs of the storages: which are accepted, what is said of the others, and
//! which servers they reach.

mod accepted;
mod encrypted;
mod reached;
mod refused;

use core::fmt::{Debug, Display};

use limits::{RedisClusterStorage, RedisSentinelStorage, RedisStorage, StorageError};

/// What must not be in anything that can be printed.
const SECRET: &str = "hunter2";

/// What makes a storage of a URI, and tells how the storage prints.
type Make = fn(&str) -> Result<String, StorageError>;

fn single(uri: &str) -> Result<String, StorageError> {
    RedisStorage::from_uri(uri).map(printed)
}

fn cluster(uri: &str) -> Result<String, StorageError> {
    RedisClusterStorage::from_uri(uri).map(printed)
}

fn sentinel(uri: &str) -> Result<String, StorageError> {
    RedisSentinelStorage::from_uri(uri).map(printed)
}

fn any(uri: &str) -> Result<String, StorageError> {
    limits::storage_from_string(uri).map(printed)
}

fn printed(storage: impl Debug) -> String {
    format!("{storage:?} {storage:#?}")
}

fn assert_keeps_secrets(what: &(impl Display + Debug), about: &str) {
    let printed = format!("{what} {what:?} {what:#?}");
    assert!(!printed.contains(SECRET), "{about}: {printed}");
}
