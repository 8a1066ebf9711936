use std::fs;

use limits::{MemcachedStorage, Storage, StorageErrorKind, storage_from_string};
use limits_tests::servers::{MemcachedServer, RedisServer};

use super::Outcome;

#[tokio::test]
async fn uris_reach_the_server() -> Outcome {
    let server = MemcachedServer::start(&[])?;
    let address = server.address();
    for uri in [
        format!("memcached://{address}"),
        format!("async+memcached://{address}"),
        format!("MEMCACHED://localhost:{}", server.port()),
        // B17: a slash at the end is no path.
        format!("memcached://{address}/"),
        format!("memcached://{address}?placement=pymemcache&connect_timeout_ms=900"),
    ] {
        storage_from_string(&uri)?.check().await?;
    }
    Ok(())
}

#[test]
fn a_wrong_uri_is_told_which_part_is_wrong() {
    for (uri, message) in [
        ("memcached://h:1/path", "memcached: takes no path"),
        (
            "memcached://user@h",
            "memcached: a user and a password go together",
        ),
        (
            "memcached://user:a%20secret@h",
            "memcached: the user or the password has a space in it",
        ),
        (
            "memcached://h?placement=random",
            "memcached: the option `placement` is neither memcachio nor pymemcache",
        ),
        (
            "memcached://h?response_timeout_ms=0",
            "memcached: the option `response_timeout_ms` has a wrong value",
        ),
        (
            "redis://h",
            "redis: not a scheme of this storage, expected memcached",
        ),
    ] {
        let error = MemcachedStorage::from_uri(uri).expect_err("it is wrong");
        assert_eq!(error.kind(), StorageErrorKind::Configuration, "{uri}");
        assert_eq!(error.to_string(), message, "{uri}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn users_log_in() -> Outcome {
    let folder = tempfile::tempdir()?;
    let users = folder.path().join("users");
    fs::write(&users, "limits:secret\n")?;
    let server = MemcachedServer::start(&["-Y", &users.to_string_lossy()])?;
    let address = server.address();
    let check = async |user_info: &str| {
        let storage = storage_from_string(&format!("memcached://{user_info}{address}"))?;
        storage.check().await
    };
    check("limits:secret@").await?;
    for wrong in ["limits:secre@", "someone:secret@", ""] {
        let error = check(wrong).await.expect_err("not let in");
        assert_eq!(
            error.kind(),
            StorageErrorKind::Configuration,
            "{wrong}: {error}"
        );
        assert!(!format!("{error:?}").contains("secre"), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn another_kind_of_server_is_told_as_that() -> Outcome {
    let redis = RedisServer::start()?;
    let storage = storage_from_string(&format!("memcached://{}", redis.address()))?;
    let error = storage.check().await.expect_err("it is no memcached");
    assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
    let message = "memcached: the server does not speak memcached's protocol";
    assert_eq!(error.to_string(), message);
    Ok(())
}
