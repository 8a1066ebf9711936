//! Trials in real time, on a machine that may have other things to do.

use core::cell::Cell;
use core::fmt;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicUsize, Ordering};
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

/// One trial in so many may be run again.
const ONE_IN: usize = 20;

/// So many may in any case.
const ALWAYS_BEARABLE: usize = 3;

/// How often the storage is asked whether it is there.
const BEAT: Duration = Duration::from_millis(25);

/// Runs a trial.
///
/// Where time is real, a failure counts only if the storage answered all along as
/// quickly as its tolerance supposes. If it did not, since the machine had no time
/// for the server or for us, nothing is shown, and the trial is run again; one
/// that fails undisturbed has failed. The `tally` counts both kinds.
pub(super) async fn attempt<F, R>(fixture: &F, tally: &Tally, trial: impl Fn() -> R) -> Outcome
where
    F: Fixture,
    R: Future<Output = Outcome>,
{
    let bearable = Duration::from_micros(fixture.tolerance().as_micros()) / 2;
    if bearable.is_zero() {
        return trial().await;
    }
    tally.trials.fetch_add(1, Ordering::Relaxed);
    let storage = fixture.storage();
    for number in 1..ATTEMPTS {
        let pulse = Pulse::new();
        fixture.take_slowest_call();
        let trial = AssertUnwindSafe(trial()).catch_unwind();
        let outcome = select! {
            biased;
            outcome = trial => outcome,
            never = pulse.take(&storage) => match never {},
        };
        match outcome {
            Err(_) | Ok(Err(_)) if pulse.pause_with(fixture.take_slowest_call()) > bearable => {
                let pause = pulse.longest_pause.get();
                eprintln!("the storage did not answer for {pause:?}: the trial is run again");
                if number == 1 {
                    tally.again.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(panic) => resume_unwind(panic),
            Ok(outcome) => return outcome,
        }
    }
    trial().await
}

/// How many trials in real time there were, and how many had to be run again.
///
/// A trial that is run until it passes may hide a failure that comes and goes. On
/// a machine that has time for the storage few are, so many are a failure too.
#[derive(Debug, Default)]
pub(super) struct Tally {
    trials: AtomicUsize,
    again: AtomicUsize,
}

impl Tally {
    /// Whether there was any trial in real time.
    pub(super) fn has_trials(&self) -> bool {
        self.trials.load(Ordering::Relaxed) > 0
    }

    /// Whether more trials were run again than may be.
    pub(super) fn is_unbearable(&self) -> bool {
        self.again.load(Ordering::Relaxed) > self.most()
    }

    fn most(&self) -> usize {
        let share = self.trials.load(Ordering::Relaxed) / ONE_IN;
        share.max(ALWAYS_BEARABLE)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trials, again } = self;
        let (trials, again) = (
            trials.load(Ordering::Relaxed),
            again.load(Ordering::Relaxed),
        );
        let most = self.most();
        write!(
            f,
            "{again} of {trials} trials in real time were run again, at most {most} may be"
        )
    }
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

    /// The longest pause, of the beat or of a call that took so long.
    fn pause_with(&self, slowest_call: Duration) -> Duration {
        let longest = self.longest_pause().max(slowest_call);
        self.longest_pause.set(longest);
        longest
    }

    /// Tells how much longer than expected a beat took, the one under way included.
    fn longest_pause(&self) -> Duration {
        let pause = self.last_beat.get().elapsed().saturating_sub(BEAT);
        self.longest_pause.get().max(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(trials: usize, again: usize) -> Tally {
        Tally {
            trials: trials.into(),
            again: again.into(),
        }
    }

    #[test]
    fn one_trial_in_twenty_may_be_run_again() {
        assert!(!tally(100, 5).is_unbearable());
        assert!(tally(100, 6).is_unbearable());
    }

    #[test]
    fn three_of_a_few_trials_may_be_run_again() {
        assert!(!tally(4, 3).is_unbearable());
        assert!(tally(4, 4).is_unbearable());
    }

    #[test]
    fn a_suite_says_how_many_trials_were_run_again() {
        let said = "2 of 80 trials in real time were run again, at most 4 may be";
        assert_eq!(tally(80, 2).to_string(), said);
    }
}
