use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use ::tracing::Level;
use limits::observe::Tracing;
use tracing_subscriber::fmt::format::FmtSpan;

use super::{KEY, use_storage};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics").write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged down to a level.
async fn logged(level: Level) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = ::tracing::subscriber::set_default(subscriber);
    use_storage(Tracing::new("api")).await;
    drop(guard);
    let log = log.0.lock().expect("nobody panics").clone();
    String::from_utf8(log).expect("it is text")
}

#[tokio::test]
async fn keys_are_shown_at_the_level_trace_only() {
    for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG] {
        let log = logged(level).await;
        assert!(!log.contains(KEY), "{level}: {log}");
    }
    assert!(logged(Level::TRACE).await.contains(KEY));
}

#[tokio::test]
async fn failures_are_warnings_and_all_else_is_for_debugging() {
    assert_eq!(logged(Level::ERROR).await, "");
    let log = logged(Level::WARN).await;
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("failed kind=\"unavailable\""), "{log}");
    let log = logged(Level::DEBUG).await;
    let count = |text| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(
        count("limits{storage=\"api\" operation=\"acquire\"}: limits: close"),
        0,
        "{log}"
    );
    assert_eq!(count("refused"), 2, "{log}");
    assert_eq!(count(" close "), 5, "{log}");
}
