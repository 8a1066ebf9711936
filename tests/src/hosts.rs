use core::num::NonZeroU32;
use core::time::Duration;
use std::time::{Instant, SystemTime};

use limits::window::{Fixed, Kind, Moving};
use limits::{Ask, Clock, Keeps, Micros, RateLimitItem, SystemClock, Timestamp};
use tokio::time::sleep;

/// The wall time of a host whose clock is ahead.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    ahead: Micros,
}

impl Host {
    /// The clocks of two hosts, that of the second so far ahead.
    #[must_use]
    pub const fn apart(step: Micros) -> [Self; 2] {
        [
            Self {
                ahead: Micros::ZERO,
            },
            Self { ahead: step },
        ]
    }
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = Timestamp::ZERO.saturating_add(Micros::from(since_epoch.unwrap_or_default()));
        now.saturating_add(self.ahead)
    }
}

const PERIOD: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_millis(250);

/// Hits by two services of hosts whose clocks are a step apart, on one server: in every span
/// of a period less the step, and less what a hit may take, as many pass as the limit says,
/// or twice that where a fixed window ends within it. No window is closed for longer than a
/// period.
///
/// # Errors
///
/// The storage's.
///
/// # Panics
///
/// If more passed, or fewer.
pub async fn hosts_apart_admit_no_more_than_the_step_allows<S, E>(
    services: &[S; 2],
    step: Duration,
) -> Result<(), E>
where
    S: Keeps<Moving, Error = E> + Keeps<Fixed>,
{
    let span = PERIOD - step - SLACK;
    let moving = passes(services, Moving).await?;
    let within = most(&moving, span);
    assert!(within <= 10, "{within}: {moving:?}");
    let fixed = passes(services, Fixed).await?;
    let within = most(&fixed, span);
    assert!(within <= 20, "{within}: {fixed:?}");
    for passes in [moving, fixed] {
        // Sixteen seconds: three whole periods at least.
        assert!(passes.len() >= 30, "{}: {passes:?}", passes.len());
        let longest = passes.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(longest.unwrap_or_default() <= PERIOD + SLACK, "{passes:?}");
    }
    Ok(())
}

/// Hits by both services all the time: when hits passed.
async fn passes<K: Kind, S: Keeps<K>>(
    services: &[S; 2],
    kind: K,
) -> Result<Vec<Duration>, S::Error> {
    let five = NonZeroU32::MIN.saturating_add(4);
    let item = RateLimitItem::per_second(10).with_multiples(five);
    let (start, mut passes) = (Instant::now(), Vec::new());
    while start.elapsed() < Duration::from_secs(16) {
        for storage in services {
            let ask = Ask::new(kind, &item, "a", 1);
            let decision = storage.acquire(ask, SystemClock.now()).await?;
            passes.extend(decision.allowed().then(|| start.elapsed()));
        }
        sleep(Duration::from_millis(40)).await;
    }
    Ok(passes)
}

/// The most passes that any span has.
fn most(passes: &[Duration], span: Duration) -> usize {
    let within = passes.iter().map(|start| {
        let span = *start..*start + span;
        passes.iter().filter(|at| span.contains(*at)).count()
    });
    within.max().unwrap_or_default()
}
