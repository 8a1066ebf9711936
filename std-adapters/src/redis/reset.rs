use redis::{Cmd, Value, cmd, from_redis_value};

use super::error::Failure;
use super::link::{Connection, Route};

/// How many keys one round trip looks at, and deletes at most about.
const BATCH: u64 = 1_000;

/// Deletes every key that matches `pattern`, on every primary, in batches, and
/// tells how many there were.
pub(super) async fn delete_all(connection: &Connection, pattern: &str) -> Result<u64, Failure> {
    let first = connection
        .query(&scan(0, pattern), Route::Primaries)
        .await?;
    let Value::Map(primaries) = first else {
        return delete_rest(connection, pattern, Route::Keys, first).await;
    };
    let mut deleted = 0;
    for (address, first) in primaries {
        let address: String = read(address)?;
        deleted += delete_rest(connection, pattern, Route::Primary(&address), first).await?;
    }
    Ok(deleted)
}

/// Deletes the keys of one server, from those on that its first batch names.
async fn delete_rest(
    connection: &Connection,
    pattern: &str,
    route: Route<'_>,
    mut batch: Value,
) -> Result<u64, Failure> {
    let mut deleted = 0;
    loop {
        let (cursor, keys): (u64, Vec<Vec<u8>>) = read(batch)?;
        deleted += unlink(connection, &keys).await?;
        if cursor == 0 {
            return Ok(deleted);
        }
        batch = connection.query(&scan(cursor, pattern), route).await?;
    }
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
    read(connection.query(&command, Route::Keys).await?)
}

fn scan(cursor: u64, pattern: &str) -> Cmd {
    let mut command = cmd("SCAN");
    command
        .arg(cursor)
        .arg("MATCH")
        .arg(pattern)
        .arg("COUNT")
        .arg(BATCH);
    command
}

fn read<T: redis::FromRedisValue>(answer: Value) -> Result<T, Failure> {
    from_redis_value(answer).map_err(Failure::of_answer)
}
