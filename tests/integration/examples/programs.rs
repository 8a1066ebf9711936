//! Examples that run to their end.

use limits_tests::Example;
use limits_tests::servers::RedisServer;

#[test]
fn basic_limits_on_the_storage_it_is_given() {
    let redis = RedisServer::start().expect("Redis starts");
    for uri in ["memory://", &redis.uri()] {
        let output = Example::output("basic", &["--storage", uri, "--strategy", "moving-window"]);
        let lines: Vec<_> = output.lines().collect();
        let [first, second, third, fourth, fifth] = lines[..] else {
            panic!("{output}");
        };
        let passing = ["2", "1", "0"].map(|left| format!("request allowed, {left} left"));
        assert_eq!([first, second, third], passing);
        assert!(
            fourth.starts_with("rate limit exceeded, come back in "),
            "{fourth}"
        );
        assert!(fifth.starts_with("0 remaining, reset in "), "{fifth}");
    }
}

#[test]
fn lifecycle_resets_at_its_end() {
    let redis = RedisServer::start().expect("Redis starts");
    let output = Example::output("lifecycle", &["--storage", &redis.uri()]);
    assert!(
        output.ends_with("50 requests processed, 10 keys reset\n"),
        "{output}"
    );
    let refused = output
        .lines()
        .filter(|line| line.starts_with("rate limit exceeded for user_"));
    assert_eq!(refused.count(), 50);
    assert_eq!(redis.cli(&["DBSIZE"]).expect("Redis answers"), "0");
}

#[test]
fn batch_counts_every_request_of_every_user() {
    let output = Example::output("batch", &[]);
    let mut allowed = 0;
    for line in output
        .lines()
        .filter(|line| line.starts_with("user1") && line.contains(" of "))
    {
        let number = line.trim_start_matches("user1: ").split(' ').next();
        allowed += number
            .and_then(|number| number.parse::<u32>().ok())
            .expect("a number");
    }
    assert_eq!(allowed, 6, "{output}");
    for line in [
        "user2: 6 of 10 allowed",
        "user3: 3 of 3 allowed",
        "user1: 0 remaining",
        "user3: 3 remaining",
    ] {
        assert!(
            output.lines().any(|other| other == line),
            "{line} is not in {output}"
        );
    }
}

#[test]
fn token_budget_gives_back_what_was_not_used() {
    let output = Example::output("token_budget", &[]);
    let lines: Vec<_> = output.lines().collect();
    let [answers, left] = lines[..] else {
        panic!("{output}")
    };
    // Which three of the five came first is not known.
    let used = answers
        .split(' ')
        .nth(3)
        .and_then(|used| used.parse::<u64>().ok());
    let used = used.expect("a number of tokens");
    assert_eq!(answers, format!("3 answered with {used} tokens, 2 refused"));
    assert!((33..=39).contains(&used), "{output}");
    assert_eq!(left, format!("{} tokens left", 100 - used));
}
