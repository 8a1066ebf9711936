use limits_core::Timestamp;
use limits_core::window::{Run, RunLog};

/// The log of a moving window: one run in place, more in a ring on the heap.
#[derive(Debug)]
pub(crate) enum Log {
    /// One run, or none if it has no units. With a variant for none the log
    /// would be a third larger.
    One(Run),
    Many(Ring),
}

/// Runs in a ring that grows by doubling, kept as marks of a running total: the
/// mark before the oldest run stays, so the units of any stretch of runs are
/// the difference of two totals.
#[derive(Debug)]
pub(crate) struct Ring {
    /// A power of two of places.
    marks: Box<[Mark]>,
    /// Where the mark before the oldest run is.
    head: u32,
    /// How many runs there are, at least one.
    runs: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    released_at: Timestamp,
    /// The units taken until then, modulo 2^64.
    total: u64,
}

impl Ring {
    fn of(one: Run, other: Run) -> Self {
        let mut ring = Self {
            marks: vec![Mark::default(); 4].into_boxed_slice(),
            head: 0,
            runs: 0,
        };
        ring.push(one);
        ring.push(other);
        ring
    }

    fn push(&mut self, run: Run) {
        if self.runs as usize + 1 == self.marks.len() {
            self.grow();
        }
        let total = self.total_with(run.units);
        self.runs += 1;
        *self.mark_mut(self.runs) = Mark {
            released_at: run.released_at,
            total,
        };
    }

    fn run(&self, number: u32) -> Option<Run> {
        if number >= self.runs {
            return None;
        }
        let (before, mark) = (self.mark(number), self.mark(number + 1));
        Some(Run {
            released_at: mark.released_at,
            units: mark.total.wrapping_sub(before.total),
        })
    }

    fn units_before(&self, number: u32) -> u64 {
        self.mark(number).total.wrapping_sub(self.mark(0).total)
    }

    /// The newest total with more units, of which all together are no more than can be told.
    fn total_with(&self, units: u64) -> u64 {
        let room = u64::MAX - self.units_before(self.runs);
        self.mark(self.runs).total.wrapping_add(units.min(room))
    }

    fn grow(&mut self) {
        let mut marks = vec![Mark::default(); self.marks.len() * 2];
        for (number, place) in (0..=self.runs).zip(&mut marks) {
            *place = *self.mark(number);
        }
        self.marks = marks.into_boxed_slice();
        self.head = 0;
    }

    fn mark(&self, number: u32) -> &Mark {
        &self.marks[self.place(number)]
    }

    fn mark_mut(&mut self, number: u32) -> &mut Mark {
        let place = self.place(number);
        &mut self.marks[place]
    }

    fn place(&self, number: u32) -> usize {
        self.head.wrapping_add(number) as usize & (self.marks.len() - 1)
    }
}

impl RunLog for Log {
    const ROOM: u64 = u64::MAX;

    const EMPTY: Self = Self::One(Run {
        released_at: Timestamp::ZERO,
        units: 0,
    });

    fn units(&self) -> u64 {
        match self {
            Self::One(run) => run.units,
            Self::Many(ring) => ring.units_before(ring.runs),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(run) => usize::from(run.units > 0),
            Self::Many(ring) => ring.runs as usize,
        }
    }

    fn units_before(&self, number: usize) -> u64 {
        match self {
            _ if number == 0 => 0,
            Self::One(run) => run.units,
            Self::Many(ring) => {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                ring.units_before(number.min(ring.runs))
            }
        }
    }

    fn newest(&self) -> Option<Run> {
        match self {
            Self::One(_) => self.run(0),
            Self::Many(ring) => ring.run(ring.runs - 1),
        }
    }

    fn run(&self, number: usize) -> Option<Run> {
        match self {
            Self::One(run) => Some(*run).filter(|run| number == 0 && run.units > 0),
            Self::Many(ring) => ring.run(u32::try_from(number).ok()?),
        }
    }

    fn forget(&mut self, number: usize) {
        match self {
            _ if number == 0 => {}
            Self::Many(ring) if number < ring.runs as usize => {
                let number = u32::try_from(number).unwrap_or(ring.runs);
                ring.head = ring.head.wrapping_add(number);
                ring.runs -= number;
            }
            _ => *self = Self::EMPTY,
        }
    }

    fn push(&mut self, run: Run) {
        match self {
            Self::One(newest) if newest.units == 0 => *newest = run,
            Self::One(newest) if newest.released_at == run.released_at => {
                newest.units = newest.units.saturating_add(run.units);
            }
            Self::One(newest) => *self = Self::Many(Ring::of(*newest, run)),
            Self::Many(ring) => {
                if ring.mark(ring.runs).released_at == run.released_at {
                    ring.mark_mut(ring.runs).total = ring.total_with(run.units);
                } else {
                    ring.push(run);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_three_words() {
        assert_eq!(size_of::<Log>(), 3 * size_of::<u64>());
    }
}
