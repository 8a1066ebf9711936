//! What waiting does not change is a mistake in the configuration, whatever the server says
//! of it, and no message holds an identifier.

use limits::{StorageError, StorageErrorKind, StrategyName, storage_from_string};
use limits_core::{Decision, RateLimitItem};
use limits_tests::servers::{RedisCluster, RedisOptions, RedisServer};
use tokio::runtime::Builder;

/// An identifier that is a secret, and forges a line of a log.
const SECRET: &str = "hunter2\nall is well";

const PATIENT: &str = "response_timeout_ms=30000&connect_timeout_ms=30000";

/// Makes a hit by every strategy.
fn hits(uri: &str) -> Vec<Result<Decision, StorageError>> {
    let storage = storage_from_string(&format!("{uri}?{PATIENT}")).expect("it is a URI");
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("there is a runtime");
    let item = RateLimitItem::per_hour(3);
    let hit = |strategy: &StrategyName| {
        let item = item.with_namespace(strategy.as_str());
        let limiter = storage.limiter(*strategy).expect("it is supported");
        runtime.block_on(limiter.hit(&item, SECRET, 1))
    };
    StrategyName::ALL.iter().map(hit).collect()
}

/// Checks that hits fail by a mistake, and that the errors say this of it.
fn is_a_mistake(uri: &str, says: &str) {
    for hit in hits(uri) {
        assert_mistake(&hit.expect_err("the server can't count"), says);
    }
}

fn assert_mistake(error: &StorageError, says: &str) {
    let printed = format!("{error} {error:?}");
    assert_eq!(error.kind(), StorageErrorKind::Configuration, "{printed}");
    assert!(printed.contains(says), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(!error.to_string().contains(char::is_control), "{error}");
}

fn start(options: &RedisOptions) -> RedisServer {
    options.start().expect("Redis starts")
}

#[test]
fn a_server_without_scripts() {
    let options = RedisOptions::new().with_setting("rename-command EVALSHA", "");
    is_a_mistake(&start(&options).uri(), "unknown command");
}

#[test]
fn a_command_that_scripts_miss() {
    let options = RedisOptions::new().with_setting("rename-command TIME", "");
    is_a_mistake(&start(&options).uri(), "Unknown Redis command");
}

#[test]
fn a_user_who_may_run_no_scripts_or_no_command_of_theirs() {
    let server = start(&RedisOptions::new());
    let uri = format!("redis://app:password@{}", server.address());
    for (rule, says) in [
        ("-evalsha", "no permissions"),
        ("-time", "can't run this command"),
        ("resetkeys", "no permissions"),
    ] {
        let user = [
            "ACL",
            "SETUSER",
            "app",
            "reset",
            "on",
            ">password",
            "~*",
            "+@all",
            rule,
        ];
        server.cli(&user).expect("Redis takes the user");
        is_a_mistake(&uri, says);
    }
}

#[test]
fn a_password_that_is_wrong_or_not_asked_for() {
    let server = start(&RedisOptions::new().with_password("password"));
    is_a_mistake(&format!("redis://{}", server.address()), "");
    is_a_mistake(&format!("redis://:passphrase@{}", server.address()), "");
    let server = start(&RedisOptions::new());
    is_a_mistake(&format!("redis://:passphrase@{}", server.address()), "");
}

/// A node of a cluster, as if it were a server of its own.
#[test]
fn a_cluster_that_is_taken_for_one_server() {
    let cluster = RedisCluster::start().expect("the cluster starts");
    let hits = cluster.nodes().iter().flat_map(|node| hits(&node.uri()));
    let errors: Vec<_> = hits.filter_map(Result::err).collect();
    assert!(!errors.is_empty(), "one node had all slots");
    for error in errors {
        assert_mistake(&error, "Moved");
    }
}
