use core::convert::Infallible;
use std::collections::VecDeque;

use limits_core::window::{Run, RunLog};

/// The log of a moving window: one run in place, more on the heap.
#[derive(Debug)]
pub(super) enum Log {
    Empty,
    One(Run),
    Many(Box<Many>),
}

#[derive(Debug)]
pub(super) struct Many {
    runs: VecDeque<Run>,
    units: u64,
}

impl RunLog for Log {
    type Error = Infallible;

    const EMPTY: Self = Self::Empty;

    fn units(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::One(run) => run.units,
            Self::Many(many) => many.units,
        }
    }

    fn newest(&self) -> Option<Run> {
        match self {
            Self::Empty => None,
            Self::One(run) => Some(*run),
            Self::Many(many) => many.runs.back().copied(),
        }
    }

    fn runs(&self) -> impl Iterator<Item = Run> {
        let (one, many) = match self {
            Self::Empty => (None, None),
            Self::One(run) => (Some(*run), None),
            Self::Many(many) => (None, Some(many.runs.iter().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    fn pop_oldest(&mut self) {
        match self {
            Self::Empty => {}
            Self::One(_) => *self = Self::Empty,
            Self::Many(many) => {
                if let Some(run) = many.runs.pop_front() {
                    many.units -= run.units;
                }
                if many.runs.is_empty() {
                    *self = Self::Empty;
                }
            }
        }
    }

    fn push(&mut self, run: Run) -> Result<(), Infallible> {
        match self {
            Self::Empty => *self = Self::One(run),
            Self::One(newest) if newest.released_at == run.released_at => newest.units += run.units,
            Self::One(newest) => {
                *self = Self::Many(Box::new(Many {
                    units: newest.units + run.units,
                    runs: VecDeque::from([*newest, run]),
                }));
            }
            Self::Many(many) => {
                many.units += run.units;
                match many.runs.back_mut() {
                    Some(newest) if newest.released_at == run.released_at => {
                        newest.units += run.units;
                    }
                    _ => many.runs.push_back(run),
                }
            }
        }
        Ok(())
    }
}
