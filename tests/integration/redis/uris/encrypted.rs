use std::path::Path;

use limits::StorageErrorKind;
use limits_tests::servers::{RedisOptions, RedisServer, TlsFiles};

use super::reached::{fails, hit};

fn start(options: RedisOptions) -> RedisServer {
    let options = options.with_password("hunter2");
    options.start().expect("Redis starts")
}

fn files(server: &RedisServer) -> &TlsFiles {
    server.tls_files().expect("TLS is on")
}

fn with_ca(uri: &str, ca: &Path) -> String {
    format!("{uri}?tls_ca_file={}", ca.display())
}

#[test]
fn by_its_authority() {
    let server = start(RedisOptions::new().with_tls());
    let ca = files(&server).ca();
    hit(&with_ca(&server.uri(), &ca));
    hit(&with_ca(
        &server.uri().replace("rediss", "async+valkeys"),
        &ca,
    ));
    hit(&with_ca(
        &server.uri().replace("127.0.0.1", "localhost"),
        &ca,
    ));
}

#[test]
fn not_by_another_authority() {
    let server = start(RedisOptions::new().with_tls());
    let other = start(RedisOptions::new().with_tls());
    let uri = with_ca(&server.uri(), &files(&other).ca());
    let kind = StorageErrorKind::Unavailable;
    fails(&uri, kind, "certificate");
    fails(&server.uri(), kind, "certificate");
    // The certificate is for 127.0.0.1.
    let uri = with_ca(&server.uri(), &files(&server).ca());
    fails(&uri.replace("127.0.0.1", "127.0.0.2"), kind, "");
}

#[test]
fn with_a_certificate_of_the_client() {
    let server = start(RedisOptions::new().with_client_certificates());
    let files = files(&server);
    let uri = with_ca(&server.uri(), &files.ca());
    let (certificate, key) = (files.client_certificate(), files.client_key());
    let (certificate, key) = (certificate.display(), key.display());
    hit(&format!(
        "{uri}&tls_cert_file={certificate}&tls_key_file={key}"
    ));
    fails(&uri, StorageErrorKind::Unavailable, "");
}

#[test]
fn not_by_plain_words() {
    let server = start(RedisOptions::new().with_tls());
    let uri = server.uri().replace("rediss", "redis");
    fails(&uri, StorageErrorKind::Unavailable, "");
}

#[test]
fn not_by_a_server_that_does_not_encrypt() {
    let server = start(RedisOptions::new());
    let uri = server.uri().replace("redis", "rediss");
    // It waits for more of what it takes for a command.
    let uri = format!("{uri}?connect_timeout_ms=300");
    fails(
        &uri,
        StorageErrorKind::Timeout,
        "no connection within 300ms",
    );
}

#[test]
fn not_by_a_file_that_holds_no_authority() {
    let server = start(RedisOptions::new().with_tls());
    let file = server.folder().join("redis.conf");
    let error = limits::storage_from_string(&with_ca(&server.uri(), &file));
    let error = error.expect_err("there is no authority");
    assert_eq!(error.kind(), StorageErrorKind::Configuration);
    let expected = "rediss: `tls_ca_file` holds no certificate in PEM format";
    assert_eq!(error.to_string(), expected);
}
