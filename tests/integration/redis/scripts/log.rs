use limits_core::window::{Run, RunLog};

/// The plainest log.
pub(super) struct VecLog(Vec<Run>);

impl RunLog for VecLog {
    const EMPTY: Self = Self(Vec::new());

    const ROOM: u64 = u64::MAX;

    fn units(&self) -> u64 {
        self.units_before(self.len())
    }

    fn newest(&self) -> Option<Run> {
        self.0.last().copied()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn run(&self, number: usize) -> Option<Run> {
        self.0.get(number).copied()
    }

    fn units_before(&self, number: usize) -> u64 {
        self.0[..number].iter().map(|run| run.units).sum()
    }

    fn forget(&mut self, number: usize) {
        self.0.drain(..number);
    }

    fn push(&mut self, run: Run) {
        match self.0.last_mut() {
            Some(newest) if newest.released_at == run.released_at => newest.units += run.units,
            _ => self.0.push(run),
        }
    }
}
