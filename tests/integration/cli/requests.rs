//! What requests of `limits batch` may look like, and what is said about others.

use serde_json::{Value, json};

use super::program::{batch, batch_of_bytes};

/// The one answer to a request.
fn answer(request: &str) -> Value {
    let answers = batch(&[], &[request]);
    let [answer] = &answers[..] else {
        panic!("{answers:?}");
    };
    answer.clone()
}

fn remaining(requests: &[&str]) -> Vec<u64> {
    let answers = batch(&[], requests);
    let remaining = answers.iter().map(|answer| answer["remaining"].as_u64());
    let remaining: Option<_> = remaining.collect();
    remaining.unwrap_or_else(|| panic!("{answers:?}"))
}

/// Checks that requests are answered with an error of a kind that holds some words.
fn refuses(kind: &str, rows: &[(&str, &str)]) {
    let requests: Vec<&str> = rows.iter().map(|(request, _)| *request).collect();
    let answers = batch(&[], &requests);
    assert_eq!(answers.len(), rows.len(), "{answers:?}");
    for (answer, (request, words)) in answers.iter().zip(rows) {
        let error = answer["error"].as_str().expect(request);
        assert!(error.contains(words), "{request}: {error}");
        assert_eq!(answer["kind"], kind, "{request}");
    }
}

#[test]
fn members_may_be_in_any_order_and_null() {
    assert_eq!(
        remaining(&[
            r#"{"op":"hit","limit":"10/minute","ids":["me"]}"#,
            r#" { "ids" : [ "me" ] , "cost" : 2 , "limit" : "10 per minute" , "op" : "hit" } "#,
            r#"{"op":"hit","limit":"10/minute","ids":["me"],"cost":null,"namespace":null,"strategy":null,"ms":null}"#,
            r#"{"op":"stats","limit":"10/minute","ids":["me"],"cost":5,"ms":1}"#,
        ]),
        [9, 7, 6, 6]
    );
}

#[test]
fn identifiers_may_be_none_and_numbers() {
    let hit = |ids: &str| format!(r#"{{"op":"hit","limit":"10/minute","ids":{ids}}}"#);
    let same = [
        r#"["a","1"]"#,
        r#"["a",1]"#,
        r#"["a/1"]"#,
        r#"["\u0061","1"]"#,
    ]
    .map(hit);
    assert_eq!(
        remaining(&same.each_ref().map(String::as_str)),
        [9, 8, 7, 6]
    );
    let same = [r#"[1.50]"#, r#"["1.5"]"#, "[15e-1]"].map(hit);
    assert_eq!(remaining(&same.each_ref().map(String::as_str)), [9, 8, 7]);
    let apart = ["[]", r#"[""]"#, "[-7]", "[1e22]", r#"["1e+22"]"#].map(hit);
    assert_eq!(
        remaining(&apart.each_ref().map(String::as_str)),
        [9, 9, 9, 9, 8]
    );
}

#[test]
fn the_mark_of_a_request_is_given_back() {
    for mark in [
        "7",
        "null",
        r#""a\u00e9""#,
        r#"[1,{"a":[]}]"#,
        "1.50",
        "123456789012345678901234567890",
    ] {
        let request = format!(r#"{{"id":{mark},"op":"check"}}"#);
        let ran = batch_of_bytes(&[], request.as_bytes());
        assert_eq!(
            ran.answer(0),
            format!(r#"{{"op":"check","ok":true,"id":{mark}}}"#)
        );
    }
}

#[test]
fn the_mark_is_given_back_with_errors_too() {
    let answer = answer(r#"{"op":"hit","limit":"10/min","ids":[],"id":{"n":1}}"#);
    assert_eq!(answer["op"], "hit");
    assert_eq!(answer["id"], json!({"n": 1}));
    let answer = self::answer(r#"{"op":"frobnicate","id":2}"#);
    assert_eq!(answer["op"], Value::Null);
    assert_eq!(answer["id"], 2);
}

#[test]
fn a_mark_with_a_carriage_return_stays_on_one_line() {
    let ran = batch_of_bytes(&[], b"{\"op\":\"check\",\"id\":[1,\r2]}\r\n");
    assert_eq!(ran.answer(0), r#"{"op":"check","ok":true,"id":[1, 2]}"#);
}

#[test]
fn lines_that_are_no_objects_are_malformed() {
    refuses(
        "malformed",
        &[
            ("nonsense", "not a JSON object"),
            ("[]", "not a JSON object"),
            ("7", "not a JSON object"),
            ("null", "not a JSON object"),
            (r#""hit""#, "not a JSON object"),
            (r#"{"op":"check""#, "not a JSON object"),
            (r#"{"op":"check"} {"op":"check"}"#, "trailing"),
            (r#"{"op":"check",}"#, "not a JSON object"),
            (r#"{'op':'check'}"#, "not a JSON object"),
            (r#"{"op":"check","id":[[}"#, "not a JSON object"),
            ("{\"op\":\"check\",\"id\":\"a\tb\"}", "control character"),
            ("\u{feff}{\"op\":\"check\"}", "not a JSON object"),
        ],
    );
}

#[test]
fn members_that_are_wrong_are_named() {
    refuses(
        "invalid",
        &[
            ("{}", "`op` is missing"),
            (r#"{"op":null}"#, "`op` is missing"),
            (r#"{"op":7}"#, "`op` must be a string"),
            (
                r#"{"op":"HIT"}"#,
                "unknown op `HIT`, expected one of: hit, test",
            ),
            (r#"{"op":"hit","ids":["me"]}"#, "`limit` is missing"),
            (r#"{"op":"test","limit":"1/second"}"#, "`ids` is missing"),
            (
                r#"{"op":"clear","limit":"1/second","ids":null}"#,
                "`ids` is missing",
            ),
            (r#"{"op":"sleep"}"#, "`ms` is missing"),
            (r#"{"op":"check","colour":1}"#, "unknown member `colour`"),
            (r#"{"op":"check","op":"check"}"#, "`op` is given twice"),
            (r#"{"op":"check","id":1,"id":1}"#, "`id` is given twice"),
            (
                r#"{"op":"stats","limit":10,"ids":["me"]}"#,
                "`limit` must be a string",
            ),
            (
                r#"{"op":"stats","limit":"10/min","ids":["me"]}"#,
                "unknown unit",
            ),
            (
                r#"{"op":"stats","limit":"1/second","ids":"me"}"#,
                "`ids` must be an array",
            ),
            (
                r#"{"op":"stats","limit":"1/second","ids":{"a":1}}"#,
                "`ids` must be an array",
            ),
            (
                r#"{"op":"stats","limit":"1/second","ids":[null]}"#,
                "strings and numbers",
            ),
            (
                r#"{"op":"stats","limit":"1/second","ids":[true]}"#,
                "strings and numbers",
            ),
            (
                r#"{"op":"stats","limit":"1/second","ids":[["me"]]}"#,
                "strings and numbers",
            ),
            (
                r#"{"op":"stats","limit":"1/second","ids":[1e999]}"#,
                "strings and numbers",
            ),
            (
                r#"{"op":"check","cost":-1}"#,
                "`cost` must be a whole number",
            ),
            (
                r#"{"op":"check","cost":1.5}"#,
                "`cost` must be a whole number",
            ),
            (
                r#"{"op":"check","cost":18446744073709551616}"#,
                "`cost` must be a whole",
            ),
            (
                r#"{"op":"check","cost":"1"}"#,
                "`cost` must be a whole number",
            ),
            (
                r#"{"op":"check","namespace":1}"#,
                "`namespace` must be a string",
            ),
            (
                r#"{"op":"check","strategy":1}"#,
                "`strategy` must be a string",
            ),
            (
                r#"{"op":"check","strategy":"token-bucket"}"#,
                "unknown strategy `token-bucket`",
            ),
            (r#"{"op":"sleep","ms":-1}"#, "`ms` must be a whole number"),
            (
                r#"{"op":"sleep","ms":3600001}"#,
                "`ms` is more than 3600000",
            ),
            (
                r#"{"op":"sleep","ms":18446744073709551615}"#,
                "`ms` is more than 3600000",
            ),
        ],
    );
}

#[test]
fn a_failure_of_the_storage_has_its_own_kind() {
    let hit = |id| format!(r#"{{"op":"hit","limit":"1/second","ids":["{id}"]}}"#);
    let hits = [hit("a"), hit("b")];
    let answers = batch(
        &["--storage", "memory://?max_keys=1"],
        &hits.each_ref().map(String::as_str),
    );
    assert_eq!(answers[0]["allowed"], true);
    assert_eq!(answers[1]["kind"], "full");
    assert_eq!(answers[1]["op"], "hit");
}

#[test]
fn messages_are_short_whatever_they_quote() {
    let long = "é".repeat(100_000);
    for request in [
        format!(r#"{{"op":"{long}"}}"#),
        format!(r#"{{"op":"check","{long}":1}}"#),
        format!(r#"{{"op":"check","strategy":"{long}"}}"#),
        format!(r#"{{"op":"check","limit":"{long}"}}"#),
    ] {
        let answer = answer(&request);
        let error = answer["error"].as_str().expect("an error");
        assert!(error.len() < 400, "{error}");
    }
}
