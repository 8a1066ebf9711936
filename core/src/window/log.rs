use crate::time::Timestamp;

/// Units that were taken at one instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Run {
    /// When the units are released: one period after they were taken.
    pub released_at: Timestamp,
    /// How many there are.
    pub units: u64,
}

/// The container of a moving window: runs in the order of their release.
pub trait RunLog {
    /// A log without runs.
    const EMPTY: Self;

    /// How many units it has room for.
    const ROOM: u64;

    /// The sum of the units of all runs.
    fn units(&self) -> u64;

    /// The run released last.
    fn newest(&self) -> Option<Run>;

    /// How many runs there are.
    fn len(&self) -> usize;

    /// Whether there are no runs.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A run by its number, 0 for the one released first. O(1).
    fn run(&self, number: usize) -> Option<Run>;

    /// The sum of the units of the runs before a number, modulo 2^64.
    fn units_before(&self, number: usize) -> u64;

    /// The number of the run, from `oldest` on, with whose release so many
    /// units have been released; the newest if there are not as many. There is a run.
    fn run_that_frees(&self, oldest: usize, units: u64) -> usize {
        let before = self.units_before(oldest);
        let frees = |number| self.units_before(number + 1).wrapping_sub(before) >= units;
        first(oldest, self.len() - 1, frees)
    }

    /// Forgets so many of the runs, those released first.
    fn forget(&mut self, number: usize);

    /// Brings the releases forward to an instant that are later. O(runs).
    fn bring_forward(&mut self, latest: Timestamp)
    where
        Self: Sized,
    {
        *self = rebuilt(self, |run| Run {
            released_at: run.released_at.min(latest),
            ..run
        });
    }

    /// Adds a run that is released last, to the newest one if it is released at the
    /// same instant.
    ///
    /// A log without room for all forgets the units that are released first. One with
    /// room for a limit's amount decides as if it had kept them, since whether a hit
    /// fits is a matter of the newest units.
    fn push(&mut self, run: Run);
}

/// The log with every run as `change` makes it; those without units are left out.
pub(super) fn rebuilt<L: RunLog>(log: &L, mut change: impl FnMut(Run) -> Run) -> L {
    let mut rebuilt = L::EMPTY;
    for number in 0..log.len() {
        if let Some(run) = log.run(number).map(&mut change)
            && run.units > 0
        {
            rebuilt.push(run);
        }
    }
    rebuilt
}

/// Finds the first number below `end` for which something holds that goes on
/// to hold, `end` if there is none; at once if it is `start`.
pub(super) fn first(start: usize, end: usize, holds: impl Fn(usize) -> bool) -> usize {
    if start >= end || holds(start) {
        return start;
    }
    let (mut low, mut high) = (start + 1, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
