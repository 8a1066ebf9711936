use core::time::Duration;
use std::time::Instant;

use limits::{
    AnyStorage, FixedWindowRateLimiter, RateLimitItem, StorageError, StorageErrorKind,
    StrategyName, storage_from_string,
};
use limits_core::Storage;
use limits_tests::servers::{RedisOptions, RedisServer};
use tokio::runtime::{Builder, Runtime};

use super::{SECRET, assert_keeps_secrets};

const ITEM: RateLimitItem<'_> = RateLimitItem::per_minute(5);

/// Longer than what a call may take by its timeouts.
const LIMIT: Duration = Duration::from_secs(20);
const PATIENT: &str = "response_timeout_ms=5000&connect_timeout_ms=5000";

pub(super) fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("there is a runtime")
}

fn storage(uri: &str) -> AnyStorage {
    let uri = match uri.split_once('?') {
        Some((_, options)) if options.contains("timeout") => uri.to_owned(),
        Some(_) => format!("{uri}&{PATIENT}"),
        None => format!("{uri}?{PATIENT}"),
    };
    storage_from_string(&uri).expect("it is a URI")
}

fn try_hit(uri: &str) -> Result<bool, StorageError> {
    let begin = Instant::now();
    let limiter = storage(uri).limiter(StrategyName::FixedWindow);
    let limiter = limiter.expect("it is supported");
    let hit = runtime().block_on(limiter.hit(&ITEM, "u", 1));
    assert!(begin.elapsed() < LIMIT, "{uri}: {:?}", begin.elapsed());
    hit.map(|hit| hit.allowed())
}

/// Makes a hit through a URI.
pub(super) fn hit(uri: &str) {
    let allowed = try_hit(uri).unwrap_or_else(|error| panic!("{uri}: {error}"));
    assert!(allowed, "{uri}");
}

/// Checks that no hit can be made, and that the error is of a kind, is printed
/// without secrets, and says something.
pub(super) fn fails(uri: &str, kind: StorageErrorKind, says: &str) {
    let error = try_hit(uri).expect_err(uri);
    println!("{error}");
    assert_eq!(error.kind(), kind, "{uri}: {error}");
    assert!(error.to_string().contains(says), "{uri}: {error}");
    assert_keeps_secrets(&error, uri);
}

fn start(options: &RedisOptions) -> RedisServer {
    options.start().expect("Redis starts")
}

fn keys(server: &RedisServer, database: &str) -> Vec<String> {
    let keys = server.cli(&["-n", database, "KEYS", "*"]);
    let keys = keys.expect("Redis answers");
    let keys = keys.lines().filter(|line| !line.is_empty());
    keys.map(str::to_owned).collect()
}

const KEY: &str = "LIMITS:LIMITER/u/5/1/minute";

#[test]
fn by_a_password_of_any_characters() {
    let password = r#"hunter2 @:/?#[]%&+='"\é"#;
    let server = start(&RedisOptions::new().with_password(password));
    hit(&server.uri());
    assert_eq!(keys(&server, "0"), [KEY]);
    let address = server.address();
    let denied = StorageErrorKind::Configuration;
    fails(&format!("redis://{address}"), denied, "NOAUTH");
    fails(&format!("redis://:hunter2@{address}"), denied, "");
    fails(&format!("redis://default:hunter2@{address}"), denied, "");
    fails(&format!("redis://nobody:hunter2@{address}"), denied, "");
}

#[test]
fn by_a_password_that_only_looks_like_several_parts() {
    let server = start(&RedisOptions::new().with_password("b@:@"));
    hit(&format!("redis://:b@:@@{}", server.address()));
}

#[test]
fn by_a_user_and_no_other() {
    let server = start(&RedisOptions::new().with_user("a@:pp", "hunter2/"));
    hit(&server.uri());
    let address = server.address();
    let denied = StorageErrorKind::Configuration;
    fails(&format!("redis://:hunter2%2F@{address}"), denied, "");
    fails(&format!("redis://a%40%3App:hunter2@{address}"), denied, "");
}

/// What the documentation of the module says that an ACL must allow.
#[test]
fn by_a_user_who_may_do_what_is_documented() {
    let server = start(&RedisOptions::new());
    let commands = "evalsha eval get set incrby pttl pexpire lindex llen lpush ltrim time \
                    unlink scan ping";
    let mut rules = vec!["ACL", "SETUSER", "app", "on", ">hunter2", "~LIMITS:*"];
    let commands: Vec<String> = commands.split(' ').map(|name| format!("+{name}")).collect();
    rules.extend(commands.iter().map(String::as_str));
    server.cli(&rules).expect("Redis takes the user");
    let uri = format!("redis://app:{SECRET}@{}", server.address());
    let runtime = runtime();
    for strategy in StrategyName::ALL {
        let storage = storage(&uri);
        let limiter = storage.limiter(*strategy).expect("it is supported");
        runtime.block_on(async {
            storage.check().await.expect("it answers");
            for _ in 0..2 {
                let hit = limiter.hit(&ITEM, "u", 3).await.expect("it counts");
                let stats = limiter.get_window_stats(&ITEM, "u").await;
                assert_eq!(stats.expect("it reads").remaining, hit.remaining());
            }
            limiter.clear(&ITEM, "u").await.expect("it clears");
            let hit = limiter.hit(&ITEM, "v", 1).await.expect("it counts");
            assert!(hit.allowed());
            assert_eq!(storage.reset().await.expect("it resets"), 1);
        });
    }
    let uri = format!("{uri}?key_prefix=other");
    fails(&uri, StorageErrorKind::Configuration, "has no permissions");
}

#[test]
fn in_the_database_of_the_path_or_the_option() {
    let server = start(&RedisOptions::new());
    let address = server.address();
    for (database, uri) in [
        ("0", format!("redis://{address}")),
        ("0", format!("redis://{address}/")),
        ("3", format!("redis://{address}/3")),
        ("4", format!("redis://{address}?db=4")),
        ("5", format!("redis://{address}/?db=5")),
        ("15", format!("async+valkey://{address}/15/")),
    ] {
        hit(&uri);
        assert_eq!(keys(&server, database), [KEY], "{uri}");
        server.cli(&["FLUSHALL"]).expect("Redis answers");
    }
    let uri = format!("redis://{address}/16");
    let error = try_hit(&uri).expect_err("there are 16");
    assert!(
        error.to_string().contains("DB index is out of range"),
        "{error}"
    );
}

#[test]
fn through_a_unix_socket() {
    let options = RedisOptions::new()
        .with_unix_socket()
        .with_password("hunter2%");
    let server = start(&options);
    let file = server.socket_file().expect("it has a socket");
    let file = file.display();
    hit(&format!("redis+unix://:hunter2%25@{file}"));
    assert_eq!(keys(&server, "0"), [KEY]);
    hit(&format!("valkey+unix://:hunter2%25@{file}?db=2"));
    assert_eq!(keys(&server, "2"), [KEY]);
    let denied = StorageErrorKind::Configuration;
    fails(&format!("redis+unix://{file}"), denied, "NOAUTH");
    let gone = format!("redis+unix://{file}.gone");
    fails(&gone, StorageErrorKind::Unavailable, "redis.sock.gone");
}

#[test]
fn under_a_prefix() {
    let server = start(&RedisOptions::new());
    let uri = format!("redis://{}?key_prefix=my%3Aown%20{{x}}", server.address());
    hit(&uri);
    let own = "my:own {x}:LIMITER/u/5/1/minute";
    assert_eq!(keys(&server, "0"), [own]);
    let limiter = FixedWindowRateLimiter::new(storage(&uri));
    let stats = runtime().block_on(limiter.get_window_stats(&ITEM, "u"));
    assert_eq!(stats.expect("it reads").remaining, 4);
}

#[test]
fn not_where_nobody_listens() {
    let uri = "redis://user:hunter2@127.0.0.1:1";
    fails(
        uri,
        StorageErrorKind::Unavailable,
        "redis: can't connect to 127.0.0.1:1",
    );
    let uri = "redis://user:hunter2@no-such-host.invalid";
    fails(
        uri,
        StorageErrorKind::Unavailable,
        "no-such-host.invalid:6379",
    );
}
