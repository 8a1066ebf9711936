//! Who is let in, and who answers.

use std::io::{Read, Write, copy, sink};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::Instant;

use limits::window::Fixed;
use limits::{EtcdStorage, RateLimitItem, Storage, StorageError, StorageErrorKind};
use limits_tests::servers::{EtcdOptions, EtcdServer, RedisServer};

use super::{LONGEST, Outcome, hit, hit_again, patient, storage};

const ITEM: RateLimitItem<'static> = RateLimitItem::per_hour(1_000);

/// Hits, which needs to be let in, and claims that this fails soon, without a secret.
async fn refusal(uri: &str) -> StorageError {
    let storage = EtcdStorage::from_uri(uri).expect("the URI is right");
    let start = Instant::now();
    let error = hit(&storage, Fixed, &ITEM, "a")
        .await
        .expect_err("not let in");
    assert!(start.elapsed() < LONGEST, "{:?}: {error}", start.elapsed());
    assert!(!format!("{error:?}").contains("secre"), "{error:?}");
    let checked = storage.check().await.expect_err("not let in");
    assert_eq!(checked.kind(), error.kind(), "{checked}");
    error
}

#[tokio::test]
async fn users_log_in() -> Outcome {
    let server = EtcdOptions::new().with_user("app", "secret").start()?;
    let address = server.address();
    let uri = format!("etcd://app:secret@{address}");
    assert!(hit(&patient(&uri)?, Fixed, &ITEM, "a").await?.allowed());
    for wrong in ["app:secre@", "someone:secret@", ""] {
        let error = refusal(&format!("etcd://{wrong}{address}")).await;
        assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_user_needs_only_the_keys_with_the_prefix() -> Outcome {
    let server = EtcdOptions::new().with_user("app", "secret").start()?;
    let uri = |options: &str| format!("etcd://some:secret@{}{options}", server.address());
    server.cli(&["user", "add", "some:secret"])?;
    let error = refusal(&uri("")).await;
    assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
    server.cli(&["role", "add", "limits"])?;
    let limits = ["readwrite", "limits/", "--prefix"];
    server.cli(&[&["role", "grant-permission", "limits"], &limits[..]].concat())?;
    server.cli(&["user", "grant-role", "some", "limits"])?;
    let storage = patient(&uri(""))?;
    storage.check().await?;
    assert!(hit(&storage, Fixed, &ITEM, "a").await?.allowed());
    storage.clear(ITEM.key_for("a")).await?;
    assert!(hit(&storage, Fixed, &ITEM, "a").await?.allowed());
    assert_eq!(storage.reset().await?, 1);
    assert_eq!(server.leases()?, []);
    let error = refusal(&uri("?key_prefix=others")).await;
    assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
    Ok(())
}

/// Servers forget tokens when they start, and when users change.
#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_replaced() -> Outcome {
    let server = EtcdOptions::new().with_user("app", "secret").start()?;
    let storage = storage(&server)?;
    assert_eq!(hit(&storage, Fixed, &ITEM, "a").await?.remaining(), 999);
    server.cli(&["user", "add", "another:secret"])?;
    assert_eq!(hit(&storage, Fixed, &ITEM, "a").await?.remaining(), 998);
    server.restart()?;
    let decision = hit_again(&storage, Fixed, &ITEM, "a").await?;
    assert_eq!(decision.remaining(), 997);
    server
        .cli(&["user", "passwd", "app", "--interactive=false"])
        .ok();
    server.cli(&["user", "delete", "app"])?;
    let error = hit(&storage, Fixed, &ITEM, "a")
        .await
        .expect_err("the user is gone");
    assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
    Ok(())
}

#[tokio::test]
async fn a_user_where_there_are_none_is_told() -> Outcome {
    let server = EtcdServer::start()?;
    let error = refusal(&format!("etcd://app:secret@{}", server.address())).await;
    assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
    assert!(error.to_string().contains("not enabled"), "{error}");
    Ok(())
}

#[tokio::test]
async fn connections_are_encrypted() -> Outcome {
    let server = EtcdOptions::new()
        .with_tls()
        .with_user("app", "secret")
        .start()?;
    let other = EtcdOptions::new().with_tls().start()?;
    assert!(hit(&storage(&server)?, Fixed, &ITEM, "a").await?.allowed());
    let by_name = server.uri().replace("127.0.0.1", "localhost");
    assert!(hit(&patient(&by_name)?, Fixed, &ITEM, "a").await?.allowed());
    let plain = format!("etcd://app:secret@{}", server.address());
    let own = server.tls_files().ok_or("TLS is on")?.ca();
    let others = other.tls_files().ok_or("TLS is on")?.ca();
    let by_other = server
        .uri()
        .replace(&*own.to_string_lossy(), &others.to_string_lossy());
    for uri in [format!("{plain}?tls=true"), plain, by_other] {
        let error = refusal(&uri).await;
        assert_eq!(error.kind(), StorageErrorKind::Unavailable, "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn clients_prove_themselves_by_certificates() -> Outcome {
    let server = EtcdOptions::new().with_client_certificates().start()?;
    let files = server.tls_files().ok_or("TLS is on")?;
    let (certificate, key) = (files.client_certificate(), files.client_key());
    let own = format!(
        "&tls_cert_file={}&tls_key_file={}",
        certificate.display(),
        key.display()
    );
    let storage = patient(&format!("{}{own}", server.uri()))?;
    assert!(hit(&storage, Fixed, &ITEM, "a").await?.allowed());
    let error = refusal(&server.uri()).await;
    assert_eq!(error.kind(), StorageErrorKind::Unavailable, "{error}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_told() -> Outcome {
    let server = EtcdServer::start()?;
    let error = refusal(&format!("{}?tls=true", server.uri())).await;
    assert_eq!(error.kind(), StorageErrorKind::Unavailable, "{error}");
    Ok(())
}

#[tokio::test]
async fn redis_is_no_etcd() -> Outcome {
    let redis = RedisServer::start()?;
    let error = refusal(&format!("etcd://{}", redis.address())).await;
    assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
    Ok(())
}

#[tokio::test]
async fn a_web_server_is_no_etcd() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                // Whatever becomes of the connection is the client's to tell.
                let _ = stream.read(&mut [0; 24]);
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                let _ = stream.shutdown(Shutdown::Write);
                let _ = copy(&mut stream, &mut sink());
            });
        }
    });
    let error = refusal(&format!("etcd://{address}")).await;
    assert_eq!(error.kind(), StorageErrorKind::Configuration, "{error}");
    Ok(())
}
