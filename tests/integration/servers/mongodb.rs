use std::net::TcpStream;

use ::mongodb::bson::{Document, doc};
use limits_tests::servers::{Error, MongoDbOptions, MongoDbServer};

use super::process_exists;

fn ask(server: &MongoDbServer, command: Document) -> Document {
    server.command("admin", command).expect("MongoDB answers")
}

#[test]
fn mongodb_answers_and_is_gone_after_drop() {
    let server = MongoDbServer::start().expect("MongoDB starts");
    assert_eq!(
        ask(&server, doc! { "ping": 1 }).get_f64("ok").ok(),
        Some(1.0)
    );
    let expected = format!("mongodb://127.0.0.1:{}/", server.port());
    assert_eq!(server.uri(), expected);
    let pid = server.pid();
    drop(server);
    assert!(!process_exists(pid));
}

#[test]
fn mongodb_keeps_documents_over_kill_and_restart() {
    let server = MongoDbOptions::new().as_replica_set().start();
    let server = server.expect("MongoDB starts");
    let insert = doc! {
        "insert": "one",
        "documents": [{ "_id": "a" }],
        "writeConcern": { "w": 1, "j": true },
    };
    ask(&server, insert);
    server.kill().expect("it runs");
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
    assert!(matches!(server.stop(), Err(Error::Ended { .. })));
    server.restart().expect("MongoDB starts");
    let documents = server.documents("admin", "one").expect("MongoDB answers");
    assert_eq!(documents, [doc! { "_id": "a" }]);
}

#[test]
fn mongodb_lets_in_only_its_user() {
    let server = MongoDbOptions::new().with_user("app", "secret").start();
    let server = server.expect("MongoDB starts");
    assert!(server.uri().starts_with("mongodb://app:secret@127.0.0.1:"));
    let status = ask(&server, doc! { "connectionStatus": 1 });
    assert!(status.to_string().contains("app"), "{status}");
}
