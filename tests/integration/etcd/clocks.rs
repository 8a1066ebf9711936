//! Two services whose clocks are 2 s apart, on one server.

use core::num::NonZeroU32;
use core::time::Duration;
use std::time::{Instant, SystemTime};

use limits::cas::Cas;
use limits::etcd::Etcd;
use limits::window::{Fixed, Kind, Moving};
use limits::{
    Ask, Clock, EtcdStorage, Keeps, Micros, RateLimitItem, StrategyName, SystemClock, Timestamp,
};
use limits_tests::servers::EtcdServer;
use tokio::time::sleep;

use super::Outcome;

/// The wall time of a host whose clock is ahead.
struct Host {
    ahead: Micros,
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = Timestamp::ZERO.saturating_add(Micros::from(since_epoch.unwrap_or_default()));
        now.saturating_add(self.ahead)
    }
}

fn service(server: &EtcdServer, ahead: Micros) -> Result<EtcdStorage, limits::StorageError> {
    let uri = format!("{}?response_timeout_ms=5000", server.uri());
    Ok(Cas::with_wall_clock(Etcd::from_uri(&uri)?, Host { ahead }))
}

/// Hits by both services all the time: when hits passed.
async fn passes<K: Kind + Into<StrategyName>>(
    server: &EtcdServer,
    kind: K,
) -> Result<Vec<Duration>, Box<dyn core::error::Error>> {
    let services = [
        service(server, Micros::ZERO)?,
        service(server, Micros::from_secs(2))?,
    ];
    let five = NonZeroU32::new(5).ok_or("above 0")?;
    let item = RateLimitItem::per_second(10).with_multiples(five);
    let (start, mut passes) = (Instant::now(), Vec::new());
    while start.elapsed() < Duration::from_secs(16) {
        for storage in &services {
            let ask = Ask::new(kind, &item, "a", 1);
            let decision = storage.acquire(ask, SystemClock.now()).await?;
            passes.extend(decision.allowed().then(|| start.elapsed()));
        }
        sleep(Duration::from_millis(40)).await;
    }
    Ok(passes)
}

/// In every span of a period less the 2 s, and less what a hit may take, as many pass as
/// the limit says, or twice that where a window ends within it. No window is closed for
/// longer than a period.
#[tokio::test]
async fn clocks_apart_admit_no_more_than_the_step_allows() -> Outcome {
    let server = EtcdServer::start()?;
    let (period, step) = (Duration::from_secs(5), Duration::from_secs(2));
    let slack = Duration::from_millis(250);
    let most = |passes: &[Duration], span: Duration| {
        let within = passes.iter().map(|start| {
            let span = *start..*start + span;
            passes.iter().filter(|at| span.contains(*at)).count()
        });
        within.max().unwrap_or_default()
    };
    let moving = passes(&server, Moving).await?;
    let within = most(&moving, period - step - slack);
    assert!(within <= 10, "{within}: {moving:?}");
    let fixed = passes(&server, Fixed).await?;
    let within = most(&fixed, period - step - slack);
    assert!(within <= 20, "{within}: {fixed:?}");
    for passes in [moving, fixed] {
        // Sixteen seconds: three whole periods at least.
        assert!(passes.len() >= 30, "{}: {passes:?}", passes.len());
        let longest = passes.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(longest.unwrap_or_default() <= period + slack, "{passes:?}");
    }
    Ok(())
}
