use std::sync::Arc;

use limits_core::window::Hit;
use limits_core::{Decision, FixedWindow, Micros, Origin, RateLimitItem, Timestamp};

use super::*;
use crate::http::hash::Hash;
use crate::http::{Outcome, Visibility};

const NOW: Timestamp = Timestamp::from_secs(1_000);

/// A limit of a policy of which `used` units are in use for `after` more microseconds.
fn outcome(policy: &str, item: RateLimitItem<'static>, used: u64, after: u64) -> Outcome {
    let end = NOW.saturating_add(Micros::from_micros(after));
    let hit = Hit::new(item.limit(), 1, NOW);
    Outcome {
        policy: policy.into(),
        item,
        is_only: true,
        visibility: Visibility::Visible,
        partition: None,
        decision: Decision::hit(used < item.amount(), hit, FixedWindow::new(used, end)),
    }
}

fn written(style: HeaderStyle, outcomes: Vec<Outcome>, binding: usize) -> Vec<(String, String)> {
    let mut headers = HeaderMap::new();
    style.write(&Verdict::new(0, outcomes, Some(binding)), &mut headers);
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let pair = |(name, value): (&http::HeaderName, _)| (name.to_string(), text(value));
    headers.iter().map(pair).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn two() -> Vec<Outcome> {
    let burst = outcome("burst", RateLimitItem::per_second(5), 5, 1);
    let daily = outcome("daily", RateLimitItem::per_day(1_000), 400, 3_600_000_001);
    vec![burst, daily]
}

#[test]
fn draft_11_has_a_list_of_all_policies() {
    let headers = written(HeaderStyle::IetfDraft11, two(), 0);
    let expected = [
        (
            "ratelimit-policy",
            r#""burst";q=5;w=1, "daily";q=1000;w=86400"#,
        ),
        ("ratelimit", r#""burst";r=0;t=1, "daily";r=600;t=3601"#),
    ];
    assert_eq!(headers, pairs(expected));
}

#[test]
fn draft_11_names_each_limit_of_a_policy_and_its_partition() {
    let mut outcomes = two();
    for outcome in &mut outcomes {
        outcome.policy = Arc::from("api");
        outcome.is_only = false;
        outcome.partition = Some(Hash::of(b"abc"));
    }
    let headers = written(HeaderStyle::IetfDraft11, outcomes, 0);
    let partition = "pk=:ungWv48B:";
    let policy = format!(
        r#""api-5-per-1s";q=5;w=1;{partition}, "api-1000-per-86400s";q=1000;w=86400;{partition}"#
    );
    assert_eq!(headers[0], ("ratelimit-policy".to_owned(), policy));
}

#[test]
fn draft_11_keeps_to_the_integers_of_structured_fields() {
    let item = RateLimitItem::per_second(u64::MAX);
    let headers = written(
        HeaderStyle::IetfDraft11,
        vec![outcome("all", item, 0, 1)],
        0,
    );
    assert_eq!(headers[0].1, r#""all";q=999999999999999;w=1"#);
}

#[test]
fn other_styles_have_the_numbers_of_the_limit_that_binds() {
    let expected = |prefix: &str| {
        [("limit", "1000"), ("remaining", "600"), ("reset", "3601")]
            .map(|(name, value)| (format!("{prefix}-{name}"), value.to_owned()))
    };
    assert_eq!(
        written(HeaderStyle::IetfDraft06, two(), 1),
        expected("ratelimit")
    );
    assert_eq!(
        written(HeaderStyle::XRateLimitDelta, two(), 1),
        expected("x-ratelimit")
    );
}

#[test]
fn the_reset_can_be_an_instant() {
    let before = seconds::since_epoch(core::time::Duration::from_secs(3_600));
    let headers = written(HeaderStyle::XRateLimitEpoch, two(), 1);
    let reset: u64 = headers[2].1.parse().expect("a number");
    assert!(
        (before..=before + 3).contains(&reset),
        "{reset} near {before}"
    );
}

#[test]
fn no_headers_are_written_when_off() {
    assert_eq!(written(HeaderStyle::Off, two(), 0), []);
}

/// envoyproxy/gateway#8346.
#[test]
fn hidden_and_shadow_policies_do_not_show() {
    for visibility in [Visibility::Hidden, Visibility::Shadow] {
        let mut outcomes = two();
        outcomes[0].visibility = visibility;
        let headers = written(HeaderStyle::IetfDraft11, outcomes.clone(), 0);
        assert_eq!(headers[1].1, r#""daily";r=600;t=3601"#);
        let headers = written(HeaderStyle::XRateLimitDelta, outcomes.clone(), 0);
        assert_eq!(headers[0].1, "1000");
        outcomes.truncate(1);
        assert_eq!(written(HeaderStyle::IetfDraft11, outcomes, 0), []);
    }
}

/// Several layers don't overwrite one another, as in express-rate-limit.
#[test]
fn fields_are_appended() {
    let mut headers = HeaderMap::new();
    let verdict = Verdict::new(0, two(), Some(0));
    for _ in 0..2 {
        HeaderStyle::IetfDraft11.write(&verdict, &mut headers);
    }
    assert_eq!(headers.get_all("ratelimit").iter().count(), 2);
}

#[test]
fn answers_of_others_than_the_storage_have_numbers_if_they_are_its_own() {
    for origin in [Origin::Blocked, Origin::Remembered, Origin::Shadow] {
        let mut outcomes = two();
        let decision = outcomes[0].decision;
        outcomes[0].decision = decision.with_origin(origin);
        assert_eq!(written(HeaderStyle::IetfDraft11, outcomes, 0).len(), 2);
    }
}

/// Law 15: a wrong number is worse than none.
#[test]
fn degraded_answers_have_no_numbers() {
    for origin in [Origin::FailedOpen, Origin::FailedClosed, Origin::Fallback] {
        let mut outcomes = two();
        let decision = outcomes[1].decision;
        outcomes[1].decision = decision.with_origin(origin);
        assert_eq!(written(HeaderStyle::IetfDraft11, outcomes, 0), []);
    }
}

#[test]
fn nothing_is_written_when_the_storage_failed() {
    let mut headers = HeaderMap::new();
    HeaderStyle::IetfDraft11.write(&Verdict::failed(0), &mut headers);
    assert!(headers.is_empty());
}

#[test]
fn seconds_are_rounded_up() {
    let seconds = |nanos| rounded_up(core::time::Duration::from_nanos(nanos));
    assert_eq!(
        [0, 1, 1_000_000_000, 1_000_000_001].map(seconds),
        [0, 1, 1, 2]
    );
}
