use super::Window;
use crate::time::{Micros, Timestamp};

/// A window that has a form in bytes: what firmware [saves](crate::TableStorage::save)
/// over a deep sleep, and what storages keep that can only compare and swap.
///
/// Counts are written as LEB128 and instants as spans from the writer's origin, in 8
/// bytes, little-endian.
pub trait WindowBytes: Window {
    /// The number of the kind of window, by which that of another one is refused.
    const KIND: u8;

    /// Writes a window that is not over, `None` if there is no room.
    fn write(&self, to: &mut StateWriter<'_>) -> Option<()>;

    /// Reads a window, `None` if there is none. All the bytes that were written must be read.
    ///
    /// The bytes can be anything, and what is read must be as good as any window. It
    /// admits no more than the window that was written.
    fn read(from: &mut StateReader<'_>) -> Option<Self>;
}

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
    /// Begins to write a state at `now`: the origin of its spans.
    #[must_use]
    pub const fn new(bytes: &'b mut [u8], now: Timestamp) -> Self {
        Self { bytes, len: 0, now }
    }

    /// The instant of the state.
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

    /// Writes a number, in 1 to 10 bytes.
    #[must_use]
    pub fn put_count(&mut self, count: u64) -> Option<()> {
        let mut rest = count;
        loop {
            let [low, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                return self.put(&[low & 0x7F]);
            }
            self.put(&[low | 0x80])?;
        }
    }

    /// How many bytes are written.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes that are written.
    #[must_use]
    pub fn into_written(self) -> &'b mut [u8] {
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
    /// Begins to read a state at `now`, by the clock from here on, `slept` after it was
    /// written.
    #[must_use]
    pub const fn new(rest: &'b [u8], now: Timestamp, slept: Micros) -> Self {
        Self { rest, now, slept }
    }

    /// The instant of the restored state.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// How long it is since the state was saved, at least.
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

    /// Reads a number, `None` also if it is not one of 64 bits in its shortest form.
    #[must_use]
    pub fn take_count(&mut self) -> Option<u64> {
        let mut count = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.take()?;
            let part = u64::from(byte & 0x7F);
            if (part << shift) >> shift != part || (shift > 0 && byte == 0) {
                return None;
            }
            count |= part << shift;
            if byte & 0x80 == 0 {
                return Some(count);
            }
        }
        None
    }

    /// Whether all bytes are read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
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
    fn a_count_takes_a_byte_for_seven_bits() {
        for (count, len) in [
            (0, 1),
            (127, 1),
            (128, 2),
            (300, 2),
            (1 << 63, 10),
            (u64::MAX, 10),
        ] {
            let mut bytes = [0; 10];
            let mut writer = StateWriter::new(&mut bytes, AT);
            assert_eq!(writer.put_count(count), Some(()));
            assert_eq!(writer.len(), len, "{count}");
            let mut reader = StateReader::new(&bytes, AT, Micros::ZERO);
            assert_eq!(reader.take_count(), Some(count));
        }
        let wrong: [&[u8]; 4] = [&[], &[0x80], &[0x80, 0], &[0xFF; 11]];
        for bytes in wrong {
            let mut reader = StateReader::new(bytes, AT, Micros::ZERO);
            assert_eq!(reader.take_count(), None, "{bytes:?}");
        }
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
