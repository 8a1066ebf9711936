use crate::time::Micros;
use crate::window::narrow;

/// How far away the end of a window in a table can be, unless its clock went back, and
/// which slot of a full set is next to be looked at for such an end.
///
/// In one word: whole units of 2^20 microseconds of the longest period, above the number
/// of a slot.
pub(super) struct Horizon(u32);

/// The bits of a number of a slot: a set has 32 of them at most.
const TURN: u32 = 31;
const TURN_BITS: u32 = TURN.count_ones();
const UNIT_BITS: u32 = 20;
const SHIFT: u32 = UNIT_BITS - TURN_BITS;
/// From 4 years on: beyond it, ends are left as they are.
const ENDLESS: u32 = !TURN;

impl Horizon {
    pub(super) const fn new() -> Self {
        Self(0)
    }

    /// Takes note of a key's period.
    #[inline(always)]
    pub(super) fn extend(&mut self, period: Micros) {
        let period = period.as_micros();
        // The word shifted, not the period: it is there in two registers.
        if period > u64::from(self.0 | TURN) << SHIFT {
            // And the turns start over.
            self.0 = narrow(period >> SHIFT) | TURN;
        }
    }

    /// The longest period, rounded up; `None` if it is too long to be known.
    #[inline(always)]
    pub(super) fn period(&self) -> Option<Micros> {
        if self.0 >= ENDLESS {
            return None;
        }
        let units = (self.0 >> TURN_BITS) + 1;
        Some(Micros::from_micros(u64::from(units) << UNIT_BITS))
    }

    /// The number of the slot whose turn it is, of so many.
    #[inline(always)]
    pub(super) fn turn(&mut self, slots: usize) -> usize {
        let turn = (self.0 & TURN) + 1;
        self.0 = if turn < narrow(slots as u64) {
            self.0 + 1
        } else {
            self.0 & !TURN
        };
        usize::try_from(self.0 & TURN).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_period_is_rounded_up_and_stays() {
        let mut horizon = Horizon::new();
        let unit = 1 << UNIT_BITS;
        for (period, longest) in [
            (0, unit),
            (unit - 1, unit),
            (5 * unit, 6 * unit),
            (unit, 6 * unit),
            (6 * unit - 1, 6 * unit),
            (6 * unit, 7 * unit),
            (1 << 46, (1 << 46) + unit),
        ] {
            horizon.extend(Micros::from_micros(period));
            assert_eq!(
                horizon.period(),
                Some(Micros::from_micros(longest)),
                "{period}"
            );
            horizon.turn(20);
        }
        horizon.extend(Micros::MAX);
        horizon.turn(20);
        assert_eq!(horizon.period(), None);
    }

    #[test]
    fn every_slot_has_its_turn() {
        let mut horizon = Horizon::new();
        horizon.extend(Micros::from_secs(60));
        let longest = horizon.period();
        for number in 0..70 {
            assert_eq!(horizon.turn(32), number % 32);
        }
        for number in 0..40 {
            assert_eq!(horizon.turn(20), (6 + number) % 20);
        }
        assert_eq!(horizon.turn(1), 0);
        assert_eq!(horizon.turn(1), 0);
        assert_eq!(horizon.period(), longest);
    }
}
