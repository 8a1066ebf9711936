//! Which URIs are taken, and what is said of the others.

use limits::{MongoDbStorage, Storage, StorageErrorKind, storage_from_string};
use limits_tests::servers::MongoDbOptions;

#[test]
fn accepts_what_python_and_the_driver_accept() {
    for uri in [
        "mongodb://localhost",
        "mongodb://localhost:27017",
        "mongodb://localhost:27017/",
        "async+mongodb://localhost:27017/any",
        "mongodb://user:p%40ss@one:27017,two:27018/admin?replicaSet=rs",
        "mongodb://localhost?database_name=a&counter_collection_name=b&window_collection_name=c",
        "mongodb://localhost/?connect_timeout_ms=100&response_timeout_ms=50&journal=true",
        "mongodb+srv://user:pass@cluster.example.org/?authSource=admin",
    ] {
        let storage = storage_from_string(uri);
        assert!(storage.is_ok(), "{uri}: {storage:?}");
    }
}

#[test]
fn says_which_part_is_wrong_and_shows_no_secret() {
    for (uri, part) in [
        ("mongodb://localhost/?database_name=", "database_name"),
        (
            "mongodb://localhost/?connect_timeout_ms=0",
            "connect_timeout_ms",
        ),
        (
            "mongodb://localhost/?response_timeout_ms=soon",
            "response_timeout_ms",
        ),
        (
            "mongodb://localhost/?database_name=a&database_name=b",
            "given twice",
        ),
        ("mongodb://user:hunter2@", "the driver refuses the URI"),
        (
            "mongodb://user:hunter2/@localhost",
            "the driver refuses the URI",
        ),
        (
            "mongodb://localhost/?maxPoolSize=hunter2",
            "the driver refuses the URI",
        ),
        (
            "mongodb+srv://user:hunter2@one,two/",
            "the driver refuses the URI",
        ),
    ] {
        let error = storage_from_string(uri).expect_err(uri);
        assert_eq!(error.kind(), StorageErrorKind::Configuration, "{uri}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(part), "{uri}: {shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let error = MongoDbStorage::from_uri("redis://localhost").expect_err("another's scheme");
    assert_eq!(
        error.to_string(),
        "redis: not a scheme of this storage, expected mongodb, mongodb+srv"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_configuration_and_not_shown() {
    let server = MongoDbOptions::new().with_user("app", "right").start();
    let server = server.expect("MongoDB starts");
    let options = "?connect_timeout_ms=5000&response_timeout_ms=5000";
    let right = format!("{}{options}", server.uri());
    let storage = MongoDbStorage::from_uri(&right).expect("the URI is right");
    storage.check().await.expect("the server answers");
    let nobody = right.replace("app:right@", "");
    for uri in [right.replace(":right@", ":hunter2@"), nobody] {
        let storage = MongoDbStorage::from_uri(&uri).expect("the URI is right");
        let error = storage.reset().await.expect_err("nobody may do that");
        assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
        let shown = format!("{error} {error:?} {storage:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("app"),
            "{shown}"
        );
    }
}
