//! Trials in real time, on a machine that may have other things to do.

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::resume_unwind;
use std::time::Instant;

use futures_util::FutureExt;
use limits_core::Storage;
use tokio::select;

use super::fixture::Fixture;
use super::suite::Outcome;

/// How often a trial is run whose failures are not its own.
const ATTEMPTS: u32 = 6;

/// How often the storage is asked whether it is there.
const BEAT: Duration = Duration::from_millis(25);

/// Runs a trial.
///
/// Where time is real, a failure counts only if the storage answered all along as
/// quickly as its tolerance supposes. If it did not, since the machine had no time
/// for the server or for us, nothing is shown, and the trial is run again; one
/// that fails undisturbed has failed.
pub(super) async fn attempt<F, R>(fixture: &F, trial: impl Fn() -> R) -> Outcome
where
    F: Fixture,
    R: Future<Output = Outcome>,
{
    let bearable = Duration::from_micros(fixture.tolerance().as_micros()) / 2;
    if bearable.is_zero() {
        return trial().await;
    }
    let storage = fixture.storage();
    for _ in 1..ATTEMPTS {
        let pulse = Pulse::new();
        let trial = AssertUnwindSafe(trial()).catch_unwind();
        let outcome = select! {
            biased;
            outcome = trial => outcome,
            never = pulse.take(&storage) => match never {},
        };
        match outcome {
            Err(_) | Ok(Err(_)) if pulse.longest_pause() > bearable => {
                let pause = pulse.longest_pause();
                eprintln!("the storage did not answer for {pause:?}: the trial is run again");
            }
            Err(panic) => resume_unwind(panic),
            Ok(outcome) => return outcome,
        }
    }
    trial().await
}

/// How regularly the storage answers.
struct Pulse {
    longest_pause: Cell<Duration>,
    last_beat: Cell<Instant>,
}

enum Never {}

impl Pulse {
    fn new() -> Self {
        Self {
            longest_pause: Cell::new(Duration::ZERO),
            last_beat: Cell::new(Instant::now()),
        }
    }

    async fn take(&self, storage: &impl Storage) -> Never {
        loop {
            tokio::time::sleep(BEAT).await;
            // A trial may want the storage to fail; it still answers.
            let _ = storage.check().await;
            self.longest_pause.set(self.longest_pause());
            self.last_beat.set(Instant::now());
        }
    }

    /// Tells how much longer than expected a beat took, the one under way included.
    fn longest_pause(&self) -> Duration {
        let pause = self.last_beat.get().elapsed().saturating_sub(BEAT);
        self.longest_pause.get().max(pause)
    }
}
