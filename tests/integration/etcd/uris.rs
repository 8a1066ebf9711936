use limits::{EtcdStorage, Storage, StorageErrorKind, storage_from_string};
use limits_tests::servers::EtcdServer;

use super::Outcome;

#[tokio::test]
async fn uris_reach_the_server() -> Outcome {
    let server = EtcdServer::start()?;
    let address = server.address();
    for uri in [
        format!("etcd://{address}"),
        format!("async+etcd://{address}"),
        format!("ETCD://localhost:{}", server.port()),
        format!("etcd://{address}/"),
        format!("etcd://{address}?key_prefix=mine&connect_timeout_ms=900&tls=false"),
        format!("etcd://127.0.0.1:1,{address}"),
    ] {
        storage_from_string(&uri)?.check().await?;
        EtcdStorage::from_uri(&uri)?.check().await?;
    }
    Ok(())
}

#[test]
fn a_wrong_uri_is_told_which_part_is_wrong() {
    for (uri, message) in [
        ("etcd://h:1/path", "etcd: takes no path"),
        ("etcd://user@h", "etcd: a user and a password go together"),
        (
            "etcd://h?response_timeout_ms=0",
            "etcd: the option `response_timeout_ms` has a wrong value",
        ),
        (
            "etcd://h?tls_ca_file=/secret",
            "etcd: `tls_ca_file` is for encrypted connections: tls=true",
        ),
        (
            "etcd://h?tls=perhaps",
            "etcd: the option `tls` is neither true nor false",
        ),
        (
            "etcd://user:secret@h?tls=true&tls_cert_file=/dev/null",
            "etcd: needs both `tls_cert_file` and `tls_key_file`, or none",
        ),
        (
            "etcd://h?tls=true&tls_ca_file=/dev/null",
            "etcd: `tls_ca_file` holds no certificate in PEM format",
        ),
        (
            "redis://h",
            "redis: not a scheme of this storage, expected etcd",
        ),
    ] {
        let error = EtcdStorage::from_uri(uri).expect_err("it is wrong");
        assert_eq!(error.kind(), StorageErrorKind::Configuration, "{uri}");
        assert_eq!(error.to_string(), message, "{uri}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn what_is_no_part_of_a_uri_is_refused() {
    for uri in [
        "etcd://h?database_name=secret",
        "etcd://h:secret",
        "etcd://h?tls=true&tls_ca_file=/no/such/file",
        "etcd://h h",
        "etcd://h,,h",
    ] {
        let error = EtcdStorage::from_uri(uri).expect_err(uri);
        assert_eq!(error.kind(), StorageErrorKind::Configuration, "{uri}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}
