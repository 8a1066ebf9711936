//! `limits bench`.

use limits::StrategyName;
use serde_json::Value;

use super::program::{self, command, limits};

/// As short as can be: nothing here depends on how much is measured.
const SHORT: [&str; 3] = ["bench", "--duration", "50ms"];

fn bench(arguments: &[&str]) -> Value {
    let ran = limits(&[&SHORT, arguments, &["--json"]].concat());
    program::json(ran.answer(0))
}

fn count(figures: &Value, name: &str) -> u64 {
    let count = figures[name].as_u64();
    count.unwrap_or_else(|| panic!("{name} in {figures}"))
}

fn decimal(figures: &Value, name: &str) -> f64 {
    let decimal = figures[name].as_f64();
    decimal.unwrap_or_else(|| panic!("{name} in {figures}"))
}

#[test]
fn shows_the_figures() {
    let ran = limits(&SHORT);
    let mut lines = ran.answer(0).lines();
    let head = lines.next().expect("a line");
    assert!(head.starts_with("fixed-window on memory for "), "{head}");
    let what = ": 10000 per 1 second, cost 1, keys 1000, 64 at a time";
    assert!(head.ends_with(what), "{head}");
    for name in [
        "decisions/s",
        "allowed",
        "refused",
        "errors",
        "latency p50",
        "latency p90",
        "latency p99",
        "latency p99.9",
        "latency max",
    ] {
        let line = lines.next().expect(name).trim_start();
        let figure = line.strip_prefix(name).expect(name);
        assert!(
            figure
                .trim_start()
                .starts_with(|c: char| c.is_ascii_digit())
        );
        assert!(figure.starts_with("  "), "{line}");
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn figures_add_up_under_every_strategy() {
    for strategy in StrategyName::ALL.iter().copied() {
        let figures = bench(&["--strategy", strategy.as_str()]);
        assert_eq!(figures["strategy"], strategy.as_str());
        let decisions = count(&figures, "decisions");
        assert!(decisions > 0, "{figures}");
        assert_eq!(
            decisions,
            count(&figures, "allowed") + count(&figures, "refused")
        );
        assert_eq!(count(&figures, "errors"), 0);
        assert_eq!(figures["first_error"], Value::Null);
        is_the_rate_of_its_time(&figures);
        are_in_order(&figures);
    }
}

#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a test of decimals"
)]
fn is_the_rate_of_its_time(figures: &Value) {
    let seconds = decimal(figures, "seconds");
    assert!(seconds >= 0.05, "{figures}");
    let rate = count(figures, "decisions") as f64 / seconds;
    let told = count(figures, "decisions_per_second") as f64;
    assert!((told / rate - 1.0).abs() < 0.001, "{rate}: {figures}");
}

fn are_in_order(figures: &Value) {
    let names = ["p50_us", "p90_us", "p99_us", "p99_9_us", "max_us"];
    let times = names.map(|name| decimal(figures, name));
    assert!(times[0] > 0.0 && times.is_sorted(), "{figures}");
}

#[test]
fn tells_what_was_measured_but_not_the_uri() {
    let arguments = [
        "--storage",
        "async+memory://?max_keys=7654321",
        "--keys",
        "10",
        "--concurrency",
        "3",
        "--cost",
        "2",
        "100 per 2 hours",
    ];
    let figures = bench(&arguments);
    for (name, expected) in [
        ("storage", Value::from("memory")),
        ("limit", "100 per 2 hour".into()),
        ("cost", 2.into()),
        ("keys", 10.into()),
        ("concurrency", 3.into()),
    ] {
        assert_eq!(figures[name], expected, "{name}");
    }
    let ran = limits(&[&SHORT[..], &arguments].concat());
    let told = format!("{figures} {}", ran.answer(0));
    assert!(!told.contains("7654321"), "{told}");
}

#[test]
fn counts_refused_hits_but_not_those_of_the_warm_up() {
    let figures = bench(&["3/hour", "--keys", "2"]);
    assert_eq!(count(&figures, "allowed"), 6, "{figures}");
    assert!(count(&figures, "refused") > 0, "{figures}");
}

#[test]
fn counts_hits_that_failed_and_tells_why() {
    let full = ["--storage", "memory://?max_keys=1", "--keys", "2"];
    let figures = bench(&full);
    assert!(count(&figures, "decisions") > 0, "{figures}");
    assert!(count(&figures, "errors") > 0, "{figures}");
    assert_eq!(figures["first_error"]["kind"], "full");
    let ran = limits(&[&SHORT[..], &full].concat());
    assert!(
        ran.answer(0).contains(", the first: full: memory: "),
        "{ran:?}"
    );
}

#[test]
fn is_a_failure_if_every_hit_fails() {
    for json in [&["--json"][..], &[]] {
        let storage = ["--storage", "memory://?max_keys=0"];
        let ran = limits(&[&SHORT[..], &storage, json].concat());
        assert!(ran.error(3).starts_with("error: memory: "), "{ran:?}");
    }
}

#[test]
fn a_cost_of_nothing_can_be_measured() {
    let figures = bench(&["--cost", "0", "--concurrency", "1", "1/hour"]);
    assert_eq!(count(&figures, "refused"), 0, "{figures}");
}

#[test]
fn wrong_usage_is_told_on_stderr() {
    for (arguments, told) in [
        (&["--duration", "5"][..], "from 10ms to 1h"),
        (&["--duration", "0s"], "from 10ms to 1h"),
        (&["--duration", "61m"], "from 10ms to 1h"),
        (&["--concurrency", "0"], "1..=10000"),
        (&["--concurrency", "10001"], "1..=10000"),
        (&["--keys", "0"], "1..=1000000"),
        (&["--keys", "1000001"], "1..=1000000"),
        (&["--keys", "many"], "--keys"),
        (&["--cost", "-1"], "whole number"),
        (&["--threads", "2"], "--threads"),
        (&["10/fortnight"], "10/fortnight"),
        (&["10/second; 1/hour"], "10/second"),
        (&["0/second"], "above the limit of 0 per 1 second"),
        (&["1/second", "--cost", "2"], "a cost of 2 is above"),
        (&["--storage", "carrier-pigeon://coop"], "carrier-pigeon: "),
        (
            &["--storage", "memory://?size=1"],
            "unknown option, known: max_keys",
        ),
    ] {
        let ran = limits(&[&["bench"], arguments].concat());
        assert!(ran.error(2).contains(told), "{ran:?}");
    }
}

#[test]
fn takes_its_storage_from_the_environment() {
    let output = command(&SHORT).env("LIMITS_STORAGE", "nowhere://").output();
    let ran = program::Ran::from(output.expect("the program can be run"));
    assert!(ran.error(2).contains("nowhere: "), "{ran:?}");
}

#[test]
fn help_tells_what_it_does_to_the_storage() {
    let ran = limits(&["bench", "--help"]);
    for told in ["LIMITS-BENCH/", "cleared", "warm-up", "microseconds"] {
        assert!(ran.answer(0).contains(told), "{told}: {ran:?}");
    }
}
