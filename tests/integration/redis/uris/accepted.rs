use super::{Make, any, assert_keeps_secrets, cluster, sentinel, single};

const SINGLE: [&str; 35] = [
    "redis://",
    "redis:",
    "redis://localhost",
    "redis://localhost:6379",
    "redis://host/",
    "redis://host:6379/",
    "redis://host/3",
    "redis:///3",
    "redis://host/3/",
    "redis://host?db=3",
    "redis://host/?db=3",
    "redis://:hunter2@host",
    "redis://:hunter2@",
    "redis://user:hunter2@host:6379/0",
    "redis://us%40er:hunter2%2F%40%3A%25@host",
    "redis://us@er:hunter2@:@host",
    "redis://[::1]",
    "redis://user:hunter2@[fe80::1]:6379/0",
    "redis://host?key_prefix=mine",
    "redis://host?connect_timeout_ms=1&response_timeout_ms=4294967295",
    "REDIS://host",
    " redis://host",
    "async+redis://",
    // 5.8 wants a port here.
    "async+redis://host",
    "async+rediss://host:6380/1",
    "rediss://:hunter2@host",
    "redis+unix:///tmp/redis.sock",
    "redis+unix:///tmp/a%20b.sock?db=2",
    "redis+unix://:hunter2@/tmp/redis.sock",
    "async+redis+unix://user:hunter2@/tmp/redis.sock",
    "valkey://",
    "valkey://user:hunter2@host:6379/0",
    "valkeys://host",
    "valkey+unix:///tmp/valkey.sock",
    "async+valkey://host",
];

const CLUSTER: [&str; 13] = [
    "redis+cluster://",
    "redis+cluster://host",
    "redis+cluster://host:7000,host:7001,other:7000",
    "redis+cluster://host:7000, host:7001 ",
    "redis+cluster://host:7000/",
    "redis+cluster://host:7000/0",
    "redis+cluster://[::1]:7000",
    "redis+cluster://:hunter2@host:7000,host:7001",
    "redis+cluster://us%40er:hunter2%2F@host:7000",
    "redis+cluster://host?tls=true&key_prefix=mine",
    "redis+cluster://host?tls=false",
    "async+redis+cluster://host:7000",
    "valkey+cluster://host:7000",
];

const SENTINEL: [&str; 14] = [
    "redis+sentinel://host:26379/service",
    "redis+sentinel://host/service",
    "redis+sentinel:///service",
    "redis+sentinel://host/my/service",
    "redis+sentinel://host?service_name=service",
    "redis+sentinel://host/?service_name=service",
    "redis+sentinel://one:26379,two:26379,[::1]/service",
    "redis+sentinel://:hunter2@host/service",
    "redis+sentinel://us%40er:hunter2%2F@host/service?db=3",
    "redis+sentinel://user:hunter2@host/service?sentinel_username=&sentinel_password=",
    "redis+sentinel://host/service?sentinel_username=user&sentinel_password=hunter2",
    "redis+sentinel://host/service?tls=true&use_replicas=true&key_prefix=mine",
    "async+redis+sentinel://host/service",
    "valkey+sentinel://host/service",
];

fn accepts(make: Make, uris: &[&str]) {
    for uri in uris {
        for make in [make, any] {
            let storage = make(uri).unwrap_or_else(|error| panic!("{uri}: {error}"));
            assert_keeps_secrets(&storage, uri);
        }
    }
}

#[test]
fn of_a_server() {
    accepts(single, &SINGLE);
}

#[test]
fn of_a_cluster() {
    accepts(cluster, &CLUSTER);
}

#[test]
fn of_sentinels() {
    accepts(sentinel, &SENTINEL);
}

#[test]
fn a_storage_prints_its_scheme_and_its_prefix() {
    let storage = single("async+valkey://user:hunter2@host?key_prefix=mine");
    let storage = storage.expect("it is a URI");
    let expected = r#"RedisBackend { backend: "valkey", prefix: Prefix("mine:"), .. }"#;
    assert!(storage.starts_with(expected), "{storage}");
}
