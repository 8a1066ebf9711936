//! Answers that are not the storage's say so.

use limits_tests::servers::RedisServer;

use super::program::{self, limits};

#[test]
fn what_a_policy_answers_is_told_in_words_and_in_json() {
    // Nobody listens there.
    let server = RedisServer::start().expect("a server");
    let uri = server.uri();
    drop(server);
    for (fail, code, text) in [
        ("open", 0, "allowed: 5 of 5 left (failed-open)"),
        (
            "closed",
            1,
            "refused: 0 of 5 left (failed-closed), come back in 1s",
        ),
        ("memory", 0, "allowed: 4 of 5 left (fallback), resets in 1m"),
    ] {
        let uri = format!("{uri}?fail={fail}");
        let ran = limits(&["--storage", &uri, "hit", "5/minute", "me"]);
        assert_eq!(ran.answer(code), text);
        let ran = limits(&["--storage", &uri, "hit", "5/minute", "me", "--json"]);
        let answer = program::json(ran.answer(code));
        assert_eq!(answer["allowed"], code == 0, "{answer}");
        let origin = answer["origin"].as_str().unwrap_or_default();
        assert!(text.contains(origin) && !origin.is_empty(), "{answer}");
    }
}

#[test]
fn a_shadow_refuses_nobody_and_says_whom_it_would_have() {
    let lines = [
        r#"{"op":"hit","limit":"1/minute","ids":["a"]}"#,
        r#"{"op":"hit","limit":"1/minute","ids":["a"]}"#,
        r#"{"op":"hit","limit":"5/minute; 1/minute","ids":["a"]}"#,
    ];
    let options = ["--storage", "memory://?shadow=true"];
    let answers = program::batch(&options, &lines);
    assert_eq!(answers[0].get("origin"), None, "{}", answers[0]);
    for answer in &answers[1..] {
        assert_eq!(answer["allowed"], true, "{answer}");
        assert_eq!(answer["origin"], "shadow", "{answer}");
    }
}
