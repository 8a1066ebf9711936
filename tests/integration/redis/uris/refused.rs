use limits::StorageErrorKind;

use super::{Make, any, assert_keeps_secrets, cluster, sentinel, single};

const PORT: &str = "redis: host number 1 has a port that is not a number from 1 to 65535";
const DATABASE: &str = "redis: the database in the path is not a number";
const SOCKET: &str = "redis+unix: needs the path of a socket, as redis+unix:///path";
const SERVICE: &str =
    "redis+sentinel: needs the name of the service, as redis+sentinel://host/name";

const SINGLE: [(&str, &str); 35] = [
    ("redis://host:notaport", PORT),
    ("redis://host:", PORT),
    ("redis://host:0", PORT),
    ("redis://host:65536", PORT),
    ("redis://user:hunter2/@host", PORT),
    ("redis://:hunter2:6379", "redis: host number 1 is empty"),
    ("redis://[::1", "redis: host number 1 has a [ and no ]"),
    (
        "redis://fe80::1",
        "redis: host number 1 has several colons: put an IPv6 address in [ and ]",
    ),
    (
        "redis://one,two",
        "redis: several hosts: that is redis+cluster:// or redis+sentinel://",
    ),
    ("redis://hunter2@host", "redis: the user has no password"),
    ("redis://hunter2:@host", "redis: the user has no password"),
    ("redis://%ff:hunter2@host", "redis: the user is not UTF-8"),
    (
        "redis://:hunter2%ff@host",
        "redis: the password is not UTF-8",
    ),
    ("redis://host/hunter2", DATABASE),
    ("redis://host/1/2", DATABASE),
    ("redis://host/-1", DATABASE),
    ("redis://host/4294967296", DATABASE),
    ("redis://host/1?db=1", "redis: the database is given twice"),
    (
        "redis://host?db=hunter2",
        "redis: the option `db` has a wrong value",
    ),
    (
        "redis://host?db=-1",
        "redis: the option `db` has a wrong value",
    ),
    (
        "redis://host?db=1&db=2",
        "redis: the option `db` is given twice",
    ),
    (
        "redis://host?password=hunter2",
        "redis: unknown option, known: key_prefix, connect_timeout_ms, \
         response_timeout_ms, tls_ca_file, tls_cert_file, tls_key_file, db (in a user or password a ? is written %3F)",
    ),
    (
        "redis://host?connect_timeout_ms=0",
        "redis: the option `connect_timeout_ms` has a wrong value",
    ),
    (
        "redis://host?response_timeout_ms=1s",
        "redis: the option `response_timeout_ms` has a wrong value",
    ),
    (
        "redis://host?tls_ca_file=ca.pem",
        "redis: `tls_ca_file` is for encrypted connections: rediss:// or tls=true",
    ),
    (
        "rediss://host?tls_ca_file=/no/ca.pem",
        "rediss: `tls_ca_file`: can't read /no/ca.pem: No such file or directory (os error 2)",
    ),
    (
        "rediss://host?tls_cert_file=/dev/null",
        "rediss: needs both `tls_cert_file` and `tls_key_file`, or none",
    ),
    ("redis+unix://", SOCKET),
    ("redis+unix:///", SOCKET),
    ("redis+unix://host/path", SOCKET),
    (
        "memory://",
        "memory: not a scheme of this storage, expected redis, rediss, redis+unix, valkey, \
         valkeys, valkey+unix",
    ),
    (
        "redis+cluster://:hunter2@host",
        "redis+cluster: not a scheme of this storage, expected redis, rediss, redis+unix, \
         valkey, valkeys, valkey+unix",
    ),
    (
        "hunter2",
        "limits: the storage is not a URI, expected one such as memory://",
    ),
    (
        "user:hunter2@host",
        "user: not a scheme of this storage, expected redis, rediss, redis+unix, valkey, \
         valkeys, valkey+unix",
    ),
    (
        "",
        "limits: the storage is not a URI, expected one such as memory://",
    ),
];

const CLUSTER: [(&str, &str); 7] = [
    (
        "redis+cluster://host/1",
        "redis+cluster: a cluster has one database, so no path",
    ),
    (
        "redis+cluster://one:7000,two:x",
        "redis+cluster: host number 2 has a port that is not a number from 1 to 65535",
    ),
    (
        "redis+cluster://one,,two",
        "redis+cluster: host number 2 is empty",
    ),
    (
        "redis+cluster://host?db=1",
        "redis+cluster: unknown option, known: key_prefix, connect_timeout_ms, \
         response_timeout_ms, tls_ca_file, tls_cert_file, tls_key_file, tls (in a user or password a ? is written %3F)",
    ),
    (
        "redis+cluster://host?tls=yes",
        "redis+cluster: the option `tls` is neither true nor false",
    ),
    (
        "redis+cluster://hunter2@host",
        "redis+cluster: the user has no password",
    ),
    (
        "redis://:hunter2@host",
        "redis: not a scheme of this storage, expected redis+cluster, valkey+cluster",
    ),
];

const SENTINEL: [(&str, &str); 7] = [
    ("redis+sentinel://host:26379", SERVICE),
    ("redis+sentinel://host/", SERVICE),
    ("redis+sentinel://", SERVICE),
    (
        "redis+sentinel://host/service?service_name=service",
        "redis+sentinel: the name of the service is given twice",
    ),
    (
        "redis+sentinel://host/service?use_replicas=maybe",
        "redis+sentinel: the option `use_replicas` is neither true nor false",
    ),
    (
        "redis+sentinel://host/service?sentinel_password=hunter2&sentinel_password=hunter2",
        "redis+sentinel: the option `sentinel_password` is given twice",
    ),
    (
        "redis://:hunter2@host",
        "redis: not a scheme of this storage, expected redis+sentinel, valkey+sentinel",
    ),
];

fn refuses(make: Make, uris: &[(&str, &str)]) {
    for (uri, expected) in uris {
        let error = make(uri).expect_err(uri);
        assert_eq!(error.to_string(), *expected, "{uri}");
        assert_eq!(error.kind(), StorageErrorKind::Configuration, "{uri}");
        assert_keeps_secrets(&error, uri);
        // Other schemes are the affair of other storages.
        if !expected.contains("not a scheme of this storage") {
            let error = any(uri).expect_err(uri);
            assert_eq!(error.to_string(), *expected, "{uri}");
            assert_keeps_secrets(&error, uri);
        }
    }
}

#[test]
fn of_a_server() {
    refuses(single, &SINGLE);
}

#[test]
fn of_a_cluster() {
    refuses(cluster, &CLUSTER);
}

#[test]
fn of_sentinels() {
    refuses(sentinel, &SENTINEL);
}
