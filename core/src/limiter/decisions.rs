use crate::decision::Decision;

/// What a hit of several limits is answered with: one decision a limit, in the order
/// of the asks.
///
/// `D` is an array, or a vector where the number of limits is known at run time only.
#[must_use = "a decision that nobody reads limits nothing"]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Decisions<D>(D);

impl<D: AsRef<[Decision]>> Decisions<D> {
    /// Makes the answer of the decision of each limit.
    pub const fn new(decisions: D) -> Self {
        Self(decisions)
    }

    /// Whether the hit passes: every limit allows it.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.as_slice().iter().all(Decision::allowed)
    }

    /// The decision of each limit; where the hit was refused, whether the limit would
    /// have let it pass.
    pub fn as_slice(&self) -> &[Decision] {
        self.0.as_ref()
    }

    /// The decision that binds, `None` if there are no limits: that which passes last,
    /// whose `retry_after` holds for the whole; of those that pass at once, that with the
    /// fewest units left.
    #[must_use]
    pub fn binding(&self) -> Option<&Decision> {
        let mut rest = self.as_slice().iter();
        let first = rest.next()?;
        Some(rest.fold(first, |binding, other| {
            if other.binds_more_than(binding) {
                other
            } else {
                binding
            }
        }))
    }
}
