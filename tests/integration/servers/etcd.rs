use std::net::TcpStream;
use std::time::Instant;

use limits_tests::servers::{Error, EtcdCluster, EtcdEntry, EtcdOptions, EtcdServer};

use super::{LIMIT, process_exists};

fn start(options: &EtcdOptions) -> EtcdServer {
    let begin = Instant::now();
    let server = options.start().expect("etcd starts");
    println!("started after {:?}", begin.elapsed());
    assert!(begin.elapsed() < LIMIT);
    server
}

fn ask(server: &EtcdServer, arguments: &[&str]) -> String {
    server.cli(arguments).expect("etcd answers")
}

#[test]
fn etcd_answers_and_is_gone_after_drop() {
    let server = start(&EtcdOptions::new());
    assert_eq!(ask(&server, &["put", "a", "1"]), "OK");
    let expected = format!("etcd://127.0.0.1:{}", server.port());
    assert_eq!(server.uri(), expected);
    let (pid, folder) = (server.pid(), server.folder().to_owned());
    assert!(process_exists(pid) && folder.exists());
    drop(server);
    assert!(!process_exists(pid) && !folder.exists());
}

#[test]
fn etcd_keeps_keys_and_leases_over_kill_and_restart() {
    let server = start(&EtcdOptions::new());
    let granted = ask(&server, &["lease", "grant", "600"]);
    let id = granted.split(' ').nth(1).expect("it has an id").to_owned();
    ask(&server, &["put", "a", "1", "--lease", &id]);
    ask(&server, &["put", "b", "2"]);
    server.kill().expect("it runs");
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
    assert!(matches!(server.stop(), Err(Error::Ended { .. })));
    server.restart().expect("etcd starts");
    let entry = |name: &str, value: &str, lease| EtcdEntry {
        name: name.to_owned(),
        value: value.to_owned(),
        lease,
    };
    let expected = [entry("a", "1", Some(id.clone())), entry("b", "2", None)];
    assert_eq!(server.entries("").expect("etcd answers"), expected);
    let leases = server.leases().expect("etcd answers");
    assert_eq!(leases.len(), 1, "{leases:?}");
    assert_eq!((&leases[0].id, leases[0].granted.as_secs()), (&id, 600));
    assert!(leases[0].left.as_secs() > 500, "{leases:?}");
}

#[test]
fn a_stopped_etcd_answers_after_it_was_resumed() {
    let server = start(&EtcdOptions::new());
    server.stop().expect("it runs");
    assert!(!server.is_running());
    assert!(server.cli(&["get", "a"]).is_err());
    server.resume().expect("it was stopped");
    assert_eq!(ask(&server, &["get", "a"]), "");
}

#[test]
fn etcd_lets_in_only_its_users() {
    let server = start(&EtcdOptions::new().with_user("app", "secret"));
    let expected = format!("etcd://app:secret@{}", server.address());
    assert_eq!(server.uri(), expected);
    assert!(ask(&server, &["user", "get", "app"]).contains("all-keys"));
    let nobody = std::process::Command::new("etcdctl")
        .args(["--endpoints", &server.address(), "get", "a"])
        .output()
        .expect("etcdctl runs");
    assert!(!nobody.status.success(), "{nobody:?}");
    server.restart().expect("etcd starts");
    assert_eq!(ask(&server, &["put", "a", "1"]), "OK");
}

#[test]
fn etcd_speaks_tls() {
    let server = start(&EtcdOptions::new().with_tls());
    let ca = server.tls_files().expect("TLS is on").ca();
    let expected = format!("?tls=true&tls_ca_file={}", ca.display());
    assert!(server.uri().ends_with(&expected), "{}", server.uri());
    assert_eq!(ask(&server, &["put", "a", "1"]), "OK");
    let server = start(&EtcdOptions::new().with_client_certificates());
    assert_eq!(ask(&server, &["put", "a", "1"]), "OK");
}

#[test]
fn etcd_refuses_writes_above_its_quota() {
    let server = start(&EtcdOptions::new().with_quota(200_000));
    let value = "x".repeat(50_000);
    let refused = (0..10).find_map(|_| server.cli(&["put", "a", &value]).err());
    let error = refused.expect("no space is left").to_string();
    assert!(error.contains("database space exceeded"), "{error}");
}

#[test]
fn a_wrong_flag_of_etcd_fails_with_the_log() {
    let options = EtcdOptions::new().with_flag("heartbeat-interval", "1000");
    let error = options.start().expect_err("etcd refuses the flag");
    assert!(error.to_string().contains("election-timeout"), "{error}");
}

#[test]
fn a_cluster_of_etcd_elects_another_leader() {
    let begin = Instant::now();
    let cluster = EtcdCluster::start().expect("etcd starts");
    println!("started after {:?}", begin.elapsed());
    assert_eq!(cluster.nodes().len(), 3);
    let leader = cluster.leader().expect("it has one");
    assert_eq!(ask(leader, &["put", "a", "1"]), "OK");
    leader.kill().expect("it runs");
    cluster.wait_until_ready().expect("another leads");
    let other = cluster.leader().expect("it has one");
    assert_ne!(other.port(), leader.port());
    assert_eq!(other.entries("").expect("etcd answers")[0].value, "1");
    leader.restart().expect("etcd starts");
    assert_eq!(leader.entries("").expect("etcd answers")[0].value, "1");
    let pids: Vec<u32> = cluster.nodes().iter().map(EtcdServer::pid).collect();
    drop(cluster);
    assert!(!pids.into_iter().any(process_exists));
}
