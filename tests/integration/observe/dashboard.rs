//! The queries of the dashboard ask for metrics that there are.

use std::collections::BTreeSet;
use std::fs;

use limits::observe::Metrics;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;

use super::{use_storage, use_wrappers};

const DASHBOARD: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../std-adapters/examples/observe/dashboard.json"
);

/// Every query in the dashboard.
fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(query)) = fields.get("expr") {
                found.push(query.clone());
            }
            fields.values().for_each(|value| queries(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        _ => {}
    }
}

/// The words of a text that begin with `limits_`.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("limits_")).collect()
}

/// The labels that a query selects or groups by: words in front of `=` and `=~`, and those
/// in the parentheses behind `by`.
fn labels(query: &str) -> BTreeSet<&str> {
    let selected = query.split('=').filter_map(|before| {
        let name = before.rsplit(['{', ',']).next()?;
        (before.contains('{') || before.contains(',')).then_some(name.trim())
    });
    let grouped = query
        .split("by (")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let grouped = grouped.flat_map(|names| names.split(',')).map(str::trim);
    let is_label = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
    selected.chain(grouped).filter(is_label).collect()
}

#[tokio::test]
async fn every_query_finds_what_is_counted() {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.01, 0.1, 1.0])
        .expect("there are buckets")
        .build_recorder();
    let handle = recorder.handle();
    let guard = ::metrics::set_default_local_recorder(&recorder);
    use_storage(Metrics::new("api")).await;
    use_wrappers(&Metrics::new("api")).await;
    drop(guard);
    let counted = handle.render();
    let dashboard = fs::read_to_string(DASHBOARD).expect("there is a dashboard");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("it is JSON");
    let mut found = Vec::new();
    queries(&dashboard, &mut found);
    assert!(found.len() >= 5, "{found:?}");
    let all: BTreeSet<_> = found.iter().flat_map(|query| labels(query)).collect();
    let expected = ["kind", "le", "operation", "result", "storage", "strategy"];
    assert_eq!(all, BTreeSet::from(expected));
    let known = names(&counted);
    for query in &found {
        let asked = names(query);
        assert!(!asked.is_empty(), "{query}");
        for name in asked {
            assert!(known.contains(name), "{query}: no {name} in\n{counted}");
            let lines: Vec<_> = counted
                .lines()
                .filter(|line| line.starts_with(name))
                .collect();
            for label in labels(query) {
                let has_label = |line: &&str| line.contains(&format!("{label}=\""));
                assert!(lines.iter().any(has_label), "{query}: no {label} of {name}");
            }
        }
    }
}
