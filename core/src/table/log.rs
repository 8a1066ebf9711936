use super::packed::Packed;
use crate::time::Timestamp;
use crate::window::{Run, RunLog};

/// The log of a moving window with room for `L` units, for limits of up to `L` units.
///
/// It takes `8 * L + 12` bytes: every unit is a run of its own.
///
/// Units that are settled beyond its room push out the oldest. If a newer charge is given
/// back then, as many units as were pushed out may be admitted too early, at most as many
/// as were given back, and no longer than until their release. So where charges are given
/// back, take the most that a hit may cost and settle down, or give the log room for twice
/// the amount.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedLog<const L: usize> {
    /// A ring.
    released_at: [Packed; L],
    /// The last of the ring again, or zero: a table looks at it in every slot.
    newest: Packed,
    oldest: u16,
    units: u16,
}

impl<const L: usize> FixedLog<L> {
    const FITS: () = assert!(L <= u16::MAX as usize, "a log has room for 65,535 units");

    /// Tells when the unit taken last is released; the epoch if there is none.
    #[inline(always)]
    pub(super) fn newest_released_at(&self) -> Timestamp {
        self.newest.get()
    }

    /// Tells where in the ring the unit of a number is.
    #[inline(always)]
    fn place(&self, number: usize) -> usize {
        let place = usize::from(self.oldest) + number;
        if place < L { place } else { place - L }
    }

    /// Fills the free places from the newest unit on.
    fn fill(&mut self, units: usize, released_at: Packed) {
        let start = self.place(self.len());
        let (front, back) = self
            .released_at
            .split_at_mut_checked(start)
            .unwrap_or_default();
        for place in back.iter_mut().chain(front).take(units) {
            *place = released_at;
        }
    }
}

impl<const L: usize> RunLog for FixedLog<L> {
    const ROOM: u64 = L as u64;

    const EMPTY: Self = {
        let () = Self::FITS;
        Self {
            released_at: [Packed::ZERO; L],
            newest: Packed::ZERO,
            oldest: 0,
            units: 0,
        }
    };

    fn units(&self) -> u64 {
        self.units.into()
    }

    fn newest(&self) -> Option<Run> {
        (self.units > 0).then_some(Run {
            released_at: self.newest.get(),
            units: 1,
        })
    }

    fn len(&self) -> usize {
        self.units.into()
    }

    fn units_before(&self, number: usize) -> u64 {
        number as u64
    }

    #[inline(always)]
    fn run(&self, number: usize) -> Option<Run> {
        let released_at = self.released_at.get(self.place(number))?;
        (number < self.len()).then_some(Run {
            released_at: released_at.get(),
            units: 1,
        })
    }

    fn run_that_frees(&self, oldest: usize, units: u64) -> usize {
        let last = self.len() - 1;
        let units = usize::try_from(units).unwrap_or(usize::MAX);
        last.min(oldest.saturating_add(units).saturating_sub(1))
    }

    fn forget(&mut self, number: usize) {
        let forgotten = number.min(self.len());
        let oldest = self.place(forgotten);
        self.oldest = u16::try_from(oldest).unwrap_or_default();
        self.units -= u16::try_from(forgotten).unwrap_or_default();
        if self.units == 0 {
            self.newest = Packed::ZERO;
        }
    }

    /// O(L).
    #[inline(never)]
    fn bring_forward(&mut self, latest: Timestamp) {
        let end = Packed::of(latest);
        let bring_forward = |released_at: &mut Packed| {
            if latest < released_at.get() {
                *released_at = end;
            }
        };
        // By pairs: a turn of the loop costs as much as what it does.
        let (pairs, last) = self.released_at.as_chunks_mut();
        for [one, other] in pairs {
            bring_forward(one);
            bring_forward(other);
        }
        last.iter_mut().for_each(bring_forward);
        bring_forward(&mut self.newest);
    }

    fn push(&mut self, run: Run) {
        let units = usize::try_from(run.units).unwrap_or(usize::MAX).min(L);
        let room = L - self.len();
        if units > room {
            self.forget(units - room);
        }
        let released_at = Packed::of(run.released_at);
        self.fill(units, released_at);
        self.units += u16::try_from(units).unwrap_or_default();
        self.newest = released_at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Limit;
    use crate::time::Micros;
    use crate::window::{Decide, Hit, MovingWindow, Window};

    #[test]
    fn a_cost_that_nothing_admits_fits_no_sooner_than_all_is_released() {
        let mut window = MovingWindow::<FixedLog<4>>::EMPTY;
        let hit = |amount, cost, at| {
            let limit = Limit::new(amount, Micros::from_micros(10));
            Hit::new(limit, cost, Timestamp::from_micros(at))
        };
        for at in [0, 0, 5] {
            assert!(window.acquire(hit(4, 1, at)).0);
        }
        let usage = window.peek(hit(1, u64::MAX, 12));
        assert_eq!(usage.retry_at, Timestamp::from_micros(15));
    }

    #[test]
    fn a_full_log_keeps_the_newest_units() {
        let mut log = FixedLog::<3>::EMPTY;
        for (released_at, units) in [(1, 2), (2, 2), (3, 1)] {
            log.push(Run {
                released_at: Timestamp::from_micros(released_at),
                units,
            });
        }
        let releases = [0, 1, 2].map(|number| log.run(number).map(|run| run.released_at));
        assert_eq!(
            releases,
            [2, 2, 3].map(|at| Some(Timestamp::from_micros(at)))
        );
        log.push(Run {
            released_at: Timestamp::from_micros(4),
            units: 9,
        });
        assert_eq!(log.units(), 3);
        assert_eq!(log.run(0), log.newest());
    }
}
