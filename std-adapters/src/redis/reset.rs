use redis::{RedisError, cmd, from_redis_value};

use super::connection::Connection;
use super::error::Failure;

/// How many keys one round trip looks at, and deletes at most about.
const BATCH: u64 = 1_000;

/// Deletes every key that matches `pattern`, on every primary, in batches, and
/// tells how many there were.
pub(super) async fn delete_all(connection: &Connection, pattern: &str) -> Result<u64, Failure> {
    let mut deleted = 0;
    let primaries = connection.query_primaries(&scan(0, pattern)).await?;
    for (primary, first) in primaries {
        let mut batch = first;
        loop {
            let (cursor, keys): (u64, Vec<Vec<u8>>) =
                from_redis_value(batch).map_err(|error| failed(error.into()))?;
            deleted += unlink(connection, &keys).await?;
            if cursor == 0 {
                break;
            }
            let next = scan(cursor, pattern);
            batch = connection.query_primary(&primary, &next).await?;
        }
    }
    Ok(deleted)
}

/// Deletes keys, in the background of the server, and tells how many there were.
pub(super) async fn unlink<K: AsRef<[u8]> + Sync>(
    connection: &Connection,
    keys: &[K],
) -> Result<u64, Failure> {
    if keys.is_empty() {
        return Ok(0);
    }
    let mut command = cmd("UNLINK");
    for key in keys {
        command.arg(key.as_ref());
    }
    let answer = connection.query(&command).await?;
    from_redis_value(answer).map_err(|error| failed(error.into()))
}

fn scan(cursor: u64, pattern: &str) -> redis::Cmd {
    let mut command = cmd("SCAN");
    command
        .arg(cursor)
        .arg("MATCH")
        .arg(pattern)
        .arg("COUNT")
        .arg(BATCH);
    command
}

fn failed(error: RedisError) -> Failure {
    Failure::of_command(error)
}
