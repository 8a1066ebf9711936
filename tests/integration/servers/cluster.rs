use std::time::Instant;

use limits_tests::servers::{RedisCluster, RedisOptions, RedisServer};

use super::{LIMIT, eventually, process_exists};

fn start(options: &RedisOptions) -> RedisCluster {
    let begin = Instant::now();
    let cluster = RedisCluster::start_with(options).expect("Redis starts");
    println!("started after {:?}", begin.elapsed());
    assert!(begin.elapsed() < 2 * LIMIT);
    cluster
}

fn ask(server: &RedisServer, arguments: &[&str]) -> String {
    server.cli(arguments).expect("Redis answers")
}

fn refusal(server: &RedisServer, arguments: &[&str]) -> String {
    let answer = server.cli(arguments);
    answer.expect_err("Redis refuses").to_string()
}

/// A primary other than that of `slot`.
fn other_primary(cluster: &RedisCluster, slot: u16) -> &RedisServer {
    let owner = cluster.owner_of_slot(slot).expect("it has one");
    let primaries = cluster.primaries().expect("Redis answers");
    let mut others = primaries.into_iter();
    others
        .find(|node| node.port() != owner.port())
        .expect("there are three")
}

#[test]
fn a_cluster_of_three_pairs_answers_and_is_gone_after_drop() {
    let cluster = start(&RedisOptions::new());
    let pids: Vec<u32> = cluster.nodes().iter().map(RedisServer::pid).collect();
    assert_eq!(pids.len(), 6);
    let primaries = cluster.primaries().expect("Redis answers");
    assert_eq!(primaries.len(), 3);
    for primary in primaries {
        assert_eq!(
            cluster.replicas_of(primary).expect("Redis answers").len(),
            1
        );
    }
    let primary = cluster.primary_of_key("key").expect("it has one");
    assert_eq!(ask(primary, &["SET", "key", "1"]), "OK");
    drop(cluster);
    assert!(!pids.into_iter().any(process_exists));
}

#[test]
fn a_replica_takes_over_from_a_killed_primary() {
    let cluster = start(&RedisOptions::new().with_user("app", "secret"));
    let old = cluster.primary_of_key("key").expect("it has one");
    ask(old, &["SET", "key", "1"]);
    let replica = cluster.replicas_of(old).expect("Redis answers")[0];
    eventually("the replica learns of it", || {
        ask(replica, &["DBSIZE"]) == "1"
    });
    old.kill().expect("it runs");
    let begin = Instant::now();
    cluster.wait_until_ok().expect("the replica takes over");
    println!("took over after {:?}", begin.elapsed());
    let new = cluster.primary_of_key("key").expect("it has one");
    assert_ne!(new.port(), old.port());
    assert_eq!(ask(new, &["GET", "key"]), "1");
    old.restart().expect("Redis starts");
    cluster.wait_until_ok().expect("the old primary comes back");
    assert_eq!(cluster.primaries().expect("Redis answers").len(), 3);
}

#[test]
fn a_slot_moves_with_its_keys() {
    let cluster = start(&RedisOptions::new().with_password("secret"));
    let slot = cluster.slot_of_key("{tag}").expect("Redis answers");
    let old = cluster.owner_of_slot(slot).expect("it has one");
    for number in 0..250 {
        ask(old, &["SET", &format!("{{tag}}{number}"), "1"]);
    }
    let new = other_primary(&cluster, slot);
    cluster.migrate_slot(slot, new).expect("the slot moves");
    let owner = cluster.owner_of_slot(slot).expect("it has one");
    assert_eq!(owner.port(), new.port());
    assert_eq!(
        ask(new, &["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()]),
        "250"
    );
    assert!(refusal(old, &["GET", "{tag}0"]).contains("MOVED"));
    cluster.wait_until_ok().expect("it is as before");
}

#[test]
fn a_slot_moves_step_by_step() {
    let cluster = start(&RedisOptions::new());
    let slot = cluster.slot_of_key("{tag}").expect("Redis answers");
    let old = cluster.owner_of_slot(slot).expect("it has one");
    ask(old, &["MSET", "{tag}a", "1", "{tag}b", "2"]);
    let new = other_primary(&cluster, slot);
    let migration = cluster.begin_migration(slot, new).expect("it begins");
    migration.move_key("{tag}a").expect("the key moves");
    assert!(refusal(old, &["GET", "{tag}a"]).contains("ASK"));
    assert!(refusal(old, &["MGET", "{tag}a", "{tag}b"]).contains("TRYAGAIN"));
    assert!(refusal(new, &["GET", "{tag}a"]).contains("MOVED"));
    assert_eq!(ask(old, &["GET", "{tag}b"]), "2");
    migration.move_keys().expect("the keys move");
    migration.finish().expect("it ends");
    assert_eq!(ask(new, &["MGET", "{tag}a", "{tag}b"]), "1\n2");
}
