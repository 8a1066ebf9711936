use heapless::Deque;

use crate::item::Limit;
use crate::window::{Run, RunLog};

use super::MemoryError;

/// The log of a moving window with room for `L` runs, for limits of up to `L` units.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedLog<const L: usize> {
    runs: Deque<Run, L>,
    units: u64,
}

impl<const L: usize> FixedLog<L> {
    pub(super) fn is_enough_for(limit: Limit) -> bool {
        usize::try_from(limit.amount()).is_ok_and(|amount| amount <= L)
    }
}

impl<const L: usize> RunLog for FixedLog<L> {
    type Error = MemoryError;

    const EMPTY: Self = Self {
        runs: Deque::new(),
        units: 0,
    };

    fn units(&self) -> u64 {
        self.units
    }

    fn newest(&self) -> Option<Run> {
        self.runs.back().copied()
    }

    fn len(&self) -> usize {
        self.runs.len()
    }

    fn units_before(&self, number: usize) -> u64 {
        self.runs.iter().take(number).map(|run| run.units).sum()
    }

    fn run(&self, number: usize) -> Option<Run> {
        self.runs.get(number).copied()
    }

    fn pop_oldest(&mut self) {
        if let Some(run) = self.runs.pop_front() {
            self.units -= run.units;
        }
    }

    fn push(&mut self, run: Run) -> Result<(), MemoryError> {
        match self.runs.back_mut() {
            Some(newest) if newest.released_at == run.released_at => newest.units += run.units,
            _ => self
                .runs
                .push_back(run)
                .map_err(|_| MemoryError::LimitTooLarge)?,
        }
        self.units += run.units;
        Ok(())
    }
}
