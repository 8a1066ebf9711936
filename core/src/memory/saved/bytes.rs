use crate::time::{Micros, Timestamp};

/// What the span to the end of time is saved as, however far away that is.
const NEVER: u64 = u64::MAX;

/// The bytes that a state is written to, front to back.
///
/// It gives `None` when they have no room, and the state is not saved then.
#[derive(Debug)]
pub struct StateWriter<'b> {
    bytes: &'b mut [u8],
    len: usize,
    now: Timestamp,
}

impl<'b> StateWriter<'b> {
    pub(super) const fn new(bytes: &'b mut [u8], now: Timestamp) -> Self {
        Self { bytes, len: 0, now }
    }

    /// Tells the instant of the state.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Writes bytes.
    #[must_use]
    pub fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        self.bytes.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }

    /// Writes the span to an instant to come, in 8 bytes; one that is over is as good as now.
    ///
    /// The last instant of all stays the last one, by whatever clock it is read.
    #[must_use]
    pub fn put_instant(&mut self, instant: Timestamp) -> Option<()> {
        let span = if instant.as_micros() == NEVER {
            NEVER
        } else {
            instant.saturating_since(self.now).as_micros()
        };
        self.put(&span.to_le_bytes())
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn into_written(self) -> &'b mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or_default()
    }
}

/// The bytes that a state is read from, front to back.
///
/// It gives `None` when they end, and nothing is restored then.
#[derive(Clone, Debug)]
pub struct StateReader<'b> {
    rest: &'b [u8],
    now: Timestamp,
    slept: Micros,
}

impl<'b> StateReader<'b> {
    pub(super) const fn new(rest: &'b [u8], now: Timestamp, slept: Micros) -> Self {
        Self { rest, now, slept }
    }

    /// Tells the instant of the restored state.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Tells how long it is since the state was saved, at least.
    #[must_use]
    pub const fn slept(&self) -> Micros {
        self.slept
    }

    /// Reads so many bytes.
    #[must_use]
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    /// Reads so many bytes, known only now.
    #[must_use]
    pub fn take_slice(&mut self, len: usize) -> Option<&'b [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }

    /// Reads an instant, by the new clock; one that passed during the sleep is as good as now.
    #[must_use]
    pub fn take_instant(&mut self) -> Option<Timestamp> {
        let span = u64::from_le_bytes(self.take()?);
        if span == NEVER {
            return Some(Timestamp::from_micros(NEVER));
        }
        let left = span.saturating_sub(self.slept.as_micros());
        Some(self.now.saturating_add(Micros::from_micros(left)))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_micros(1_000);

    /// Moves an instant from a clock at `AT` to one at 7 that slept.
    fn moved(instant: u64, slept: u64) -> u64 {
        let mut bytes = [0; 8];
        let mut writer = StateWriter::new(&mut bytes, AT);
        assert_eq!(
            writer.put_instant(Timestamp::from_micros(instant)),
            Some(())
        );
        let now = Timestamp::from_micros(7);
        let mut reader = StateReader::new(&bytes, now, Micros::from_micros(slept));
        let instant = reader.take_instant().expect("there are 8 bytes");
        assert!(reader.is_empty());
        instant.as_micros()
    }

    #[test]
    fn an_instant_keeps_its_distance_less_what_was_slept() {
        assert_eq!(moved(1_030, 0), 37);
        assert_eq!(moved(1_030, 10), 27);
        assert_eq!(moved(1_030, 30), 7);
        assert_eq!(moved(1_030, u64::MAX), 7);
    }

    #[test]
    fn an_instant_that_is_over_becomes_now() {
        assert_eq!([moved(1_000, 0), moved(999, 0), moved(0, 5)], [7, 7, 7]);
    }

    #[test]
    fn the_end_of_time_stays() {
        assert_eq!(moved(u64::MAX, 0), u64::MAX);
        assert_eq!(moved(u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(moved(u64::MAX - 1, 1), u64::MAX - 1 - 1_000 - 1 + 7);
    }

    #[test]
    fn an_instant_beyond_the_end_of_time_becomes_it() {
        let span = (u64::MAX - 1).to_le_bytes();
        let mut reader = StateReader::new(&span, AT, Micros::ZERO);
        assert_eq!(
            reader.take_instant(),
            Some(Timestamp::from_micros(u64::MAX))
        );
    }

    #[test]
    fn nothing_is_written_or_read_beyond_the_end() {
        let mut bytes = [0; 3];
        let mut writer = StateWriter::new(&mut bytes, AT);
        assert_eq!(writer.put(&[1, 2]), Some(()));
        assert_eq!(writer.put(&[3, 4]), None);
        assert_eq!(writer.put_instant(AT), None);
        assert_eq!(writer.put(&[5]), Some(()));
        assert_eq!(writer.into_written(), [1, 2, 5]);
        let mut reader = StateReader::new(&bytes, AT, Micros::ZERO);
        assert_eq!(reader.take::<4>(), None);
        assert_eq!(reader.take_slice(4), None);
        assert_eq!(reader.take_instant(), None);
        assert_eq!(reader.take(), Some([1, 2]));
        assert_eq!(reader.take_slice(1), Some(&[5][..]));
        assert!(reader.is_empty());
    }
}
