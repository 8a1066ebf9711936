use std::collections::BTreeMap;

use limits::observe::Metrics;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use super::{KEY, use_storage, use_wrappers};

/// The metrics by their names and labels; of histograms the number of values.
fn seen(snapshotter: &Snapshotter) -> BTreeMap<String, u64> {
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    metrics
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()));
            let name = format!("{} {}", key.name(), labels.collect::<Vec<_>>().join(" "));
            let count = match value {
                DebugValue::Counter(count) => count,
                DebugValue::Histogram(values) => values.len() as u64,
                DebugValue::Gauge(_) => 0,
            };
            (name, count)
        })
        .collect()
}

#[tokio::test]
async fn every_decision_call_and_failure_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = ::metrics::set_default_local_recorder(&recorder);
    use_storage(Metrics::new("api")).await;
    let by = "storage=api strategy=fixed-window";
    let expected = [
        (format!("limits.decisions {by} result=acquired"), 2),
        (format!("limits.decisions {by} result=limited"), 2),
        (
            "limits.store.duration storage=api operation=acquire".to_owned(),
            4,
        ),
        (
            "limits.store.duration storage=api operation=peek".to_owned(),
            1,
        ),
        (
            "limits.store.errors storage=api operation=acquire kind=unavailable".to_owned(),
            1,
        ),
        (format!("limits.utilization {by}"), 4),
    ];
    let seen = seen(&snapshotter);
    assert_eq!(seen, BTreeMap::from(expected));
    assert!(!format!("{seen:?}").contains(KEY));
}

#[tokio::test]
async fn answers_of_wrappers_are_told_apart() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = ::metrics::set_default_local_recorder(&recorder);
    use_wrappers(&Metrics::new("api")).await;
    let seen = seen(&snapshotter);
    for result in [
        "acquired",
        "shadow_limited",
        "degraded_open",
        "degraded_closed",
    ] {
        let name = format!("limits.decisions storage=api strategy=fixed-window result={result}");
        assert_eq!(seen.get(&name), Some(&1), "{seen:?}");
    }
    // Of answers that are not the limit's nothing can be told.
    let utilization = seen.get("limits.utilization storage=api strategy=fixed-window");
    assert_eq!(utilization, Some(&2), "{seen:?}");
}
