use std::time::Instant;

use limits_tests::servers::{RedisOptions, RedisSentinels, RedisServer};

use super::{LIMIT, eventually, process_exists};

fn start(data: &RedisOptions, sentinels: &RedisOptions) -> RedisSentinels {
    let begin = Instant::now();
    let sentinels = RedisSentinels::start_with(data, sentinels).expect("Redis starts");
    println!("started after {:?}", begin.elapsed());
    assert!(begin.elapsed() < 2 * LIMIT);
    sentinels
}

fn ask(server: &RedisServer, arguments: &[&str]) -> String {
    server.cli(arguments).expect("Redis answers")
}

#[test]
fn sentinels_answer_and_are_gone_after_drop() {
    let sentinels = start(&RedisOptions::new(), &RedisOptions::new());
    let all = sentinels.data_nodes().iter().chain(sentinels.sentinels());
    let pids: Vec<u32> = all.map(RedisServer::pid).collect();
    assert_eq!(pids.len(), 5);
    let primary = sentinels.primary().expect("there is one");
    assert!(ask(primary, &["ROLE"]).starts_with("master"));
    let replica = sentinels.replica().expect("there is one");
    assert!(ask(replica, &["ROLE"]).starts_with("slave"));
    drop(sentinels);
    assert!(!pids.into_iter().any(process_exists));
}

#[test]
fn two_sentinels_replace_a_killed_primary() {
    let sentinels = start(&RedisOptions::new(), &RedisOptions::new());
    sentinels.sentinels()[0].stop().expect("it runs");
    replaces_a_killed_primary(&sentinels);
    sentinels.sentinels()[0].resume().expect("it was stopped");
    sentinels
        .wait_until_ok()
        .expect("it learns of the failover");
}

#[test]
fn sentinels_replace_a_killed_primary_with_passwords() {
    let data = RedisOptions::new().with_password("data");
    let sentinels = RedisOptions::new().with_password("sentinel");
    replaces_a_killed_primary(&start(&data, &sentinels));
}

#[test]
fn sentinels_replace_a_stopped_primary_with_users() {
    let data = RedisOptions::new().with_user("data", "data-password");
    let sentinels = RedisOptions::new().with_user("watch", "sentinel-password");
    let sentinels = start(&data, &sentinels);
    let old = sentinels.primary().expect("there is one");
    old.stop().expect("it runs");
    let new = sentinels.wait_for_other_primary(old);
    assert_ne!(new.expect("there is one").port(), old.port());
    old.resume().expect("it was stopped");
    sentinels
        .wait_until_ok()
        .expect("the old primary comes back");
    assert!(ask(old, &["ROLE"]).starts_with("slave"));
}

#[test]
fn roles_change_by_order() {
    let sentinels = start(&RedisOptions::new(), &RedisOptions::new());
    let old = sentinels.primary().expect("there is one");
    sentinels.failover().expect("a sentinel obeys");
    let new = sentinels.wait_for_other_primary(old);
    assert_ne!(new.expect("there is one").port(), old.port());
    sentinels.wait_until_ok().expect("roles have changed");
}

fn replaces_a_killed_primary(sentinels: &RedisSentinels) {
    let old = sentinels.primary().expect("there is one");
    ask(old, &["SET", "key", "1"]);
    let replica = sentinels.replica().expect("there is one");
    eventually("the replica learns of it", || {
        ask(replica, &["DBSIZE"]) == "1"
    });
    old.kill().expect("it runs");
    let begin = Instant::now();
    let new = sentinels.wait_for_other_primary(old).expect("there is one");
    println!("took over after {:?}", begin.elapsed());
    assert_eq!(ask(new, &["GET", "key"]), "1");
    old.restart().expect("Redis starts");
    sentinels
        .wait_until_ok()
        .expect("the old primary comes back");
}
