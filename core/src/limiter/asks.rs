use crate::decision::Decision;
use crate::storage::Ask;
use crate::time::Timestamp;

/// Several asks, with room for as many decisions: an array, or with the feature `alloc`
/// a slice.
pub trait Asks<K> {
    /// The decisions.
    type Decisions: AsRef<[Decision]> + AsMut<[Decision]> + Send;

    /// The asks.
    fn asks(&self) -> &[Ask<'_, K>];

    /// A decision for each ask, to be overwritten.
    fn decisions(&self, now: Timestamp) -> Self::Decisions;
}

impl<K, const N: usize> Asks<K> for [Ask<'_, K>; N] {
    type Decisions = [Decision; N];

    fn asks(&self) -> &[Ask<'_, K>] {
        self
    }

    fn decisions(&self, now: Timestamp) -> [Decision; N] {
        self.each_ref().map(|ask| Decision::never(ask.hit(now)))
    }
}

#[cfg(feature = "alloc")]
impl<K> Asks<K> for [Ask<'_, K>] {
    type Decisions = alloc::vec::Vec<Decision>;

    fn asks(&self) -> &[Ask<'_, K>] {
        self
    }

    fn decisions(&self, now: Timestamp) -> Self::Decisions {
        let never = |ask: &Ask<'_, K>| Decision::never(ask.hit(now));
        self.iter().map(never).collect()
    }
}
