use super::{StateReader, StateWriter};
use crate::memory::{FixedLog, TableWindow};
use crate::time::{Micros, Timestamp};
use crate::window::{
    AirtimeWindow, FixedWindow, MovingWindow, Run, RunLog, SlidingWindow, Window, narrow,
};

/// A kind of window that can be [saved](crate::MemoryStorage::save) as bytes.
pub trait SavedWindow: TableWindow {
    /// The number of the kind, by which a state of another one is refused.
    const KIND: u8;

    /// The most bytes that a window takes.
    const LEN: usize;

    /// Writes a window that is not over, `None` if there is no room.
    fn save(state: &Self::State, to: &mut StateWriter<'_>) -> Option<()>;

    /// Reads a window, `None` if there is none. All the bytes that were written must be read.
    ///
    /// The bytes can be anything, and what is read must be as good as any
    /// window. It admits no more than the window that was written.
    fn restore(from: &mut StateReader<'_>) -> Option<Self::State>;
}

/// The counter in 4 bytes, and the span to the end in 8.
impl SavedWindow for FixedWindow {
    const KIND: u8 = 1;
    const LEN: usize = 12;

    fn save(state: &Self::State, to: &mut StateWriter<'_>) -> Option<()> {
        let window = Self::from(*state);
        to.put(&counter(window.units()))?;
        to.put_instant(window.expires_at())
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self::State> {
        let count = u32::from_le_bytes(from.take()?);
        let expires_at = from.take_instant()?;
        Some(Self::new(count.into(), expires_at).into())
    }
}

/// The previous and the current counter in 4 bytes each, and the span in 8 to
/// when neither counts any more.
///
/// How much the previous one weighs is a matter of the limit's period, which a
/// slot doesn't know; that span is all that it takes.
impl SavedWindow for SlidingWindow {
    const KIND: u8 = 2;
    const LEN: usize = 16;

    fn save(state: &Self::State, to: &mut StateWriter<'_>) -> Option<()> {
        let window = Self::from(*state);
        to.put(&counter(window.previous()))?;
        to.put(&counter(window.current()))?;
        to.put_instant(window.expires_at())
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self::State> {
        let previous = u32::from_le_bytes(from.take()?);
        let current = u32::from_le_bytes(from.take()?);
        let expires_at = from.take_instant()?;
        Some(Self::new(previous.into(), current.into(), expires_at).into())
    }
}

/// How many units are not released in 2 bytes, and for each the span to its
/// release in 8, that of the oldest first.
impl<const L: usize> SavedWindow for MovingWindow<FixedLog<L>> {
    const KIND: u8 = 3;
    const LEN: usize = 2 + 8 * L;

    fn save(state: &Self, to: &mut StateWriter<'_>) -> Option<()> {
        let (log, now) = (state.log(), to.now());
        let released = |number: &usize| log.run(*number).is_some_and(|run| run.released_at <= now);
        let released = (0..log.len()).take_while(released).count();
        let units = u16::try_from(log.len() - released).ok()?;
        to.put(&units.to_le_bytes())?;
        for number in released..log.len() {
            to.put_instant(log.run(number)?.released_at)?;
        }
        Some(())
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self> {
        let units = u16::from_le_bytes(from.take()?);
        let mut log = FixedLog::EMPTY;
        let mut newest = Timestamp::ZERO;
        for _ in 0..units {
            let released_at = from.take_instant()?;
            if released_at < newest {
                return None;
            }
            newest = released_at;
            // A log of too many units has no room for them.
            log.push(Run {
                released_at,
                units: 1,
            })
            .ok()?;
        }
        Some(Self::new(log))
    }
}

/// The span to the end of the open bucket and the length of a bucket in 8 bytes
/// each, and the units of all buckets in 4 each, the oldest first.
///
/// Reserved units count as taken when the state is saved: nobody knows whether
/// they were used.
impl<const B: usize> SavedWindow for AirtimeWindow<B> {
    const KIND: u8 = 4;
    const LEN: usize = 16 + 4 * (B + 1);

    fn save(state: &Self, to: &mut StateWriter<'_>) -> Option<()> {
        let (left, width, mut buckets) = state.saved(to.now());
        to.put(&left.as_micros().to_le_bytes())?;
        to.put(&width.as_micros().to_le_bytes())?;
        buckets.try_for_each(|units| to.put(&units.to_le_bytes()))
    }

    fn restore(from: &mut StateReader<'_>) -> Option<Self> {
        let left = Micros::from_micros(u64::from_le_bytes(from.take()?));
        let width = Micros::from_micros(u64::from_le_bytes(from.take()?));
        let (now, slept) = (from.now(), from.slept());
        let bucket = || Some(u32::from_le_bytes(from.take()?));
        Self::restored((left, width), bucket, now, slept)
    }
}

/// Counters in slots have 32 bits.
fn counter(units: u64) -> [u8; 4] {
    narrow(units).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Log = MovingWindow<FixedLog<3>>;

    const AT: u64 = 1_000;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    /// Checks that a window is saved as these bytes at `AT`, and restored 990
    /// earlier from them and no fewer; and tells what of them is.
    fn moved<W: SavedWindow>(state: &W::State, bytes: &[u8]) -> W::State {
        let mut buffer = [0; 64];
        let mut writer = StateWriter::new(&mut buffer, at(AT));
        assert_eq!(W::save(state, &mut writer), Some(()));
        assert_eq!(writer.into_written(), bytes);
        assert!(bytes.len() <= W::LEN);
        for len in 0..bytes.len() {
            assert!(restored::<W>(&bytes[..len]).is_none(), "{len} bytes");
            let mut writer = StateWriter::new(&mut buffer[..len], at(AT));
            assert_eq!(W::save(state, &mut writer), None, "{len} bytes");
        }
        restored::<W>(bytes).expect("a window was saved")
    }

    fn restored<W: SavedWindow>(bytes: &[u8]) -> Option<W::State> {
        let mut from = StateReader::new(bytes, at(10), Micros::ZERO);
        let state = W::restore(&mut from);
        assert!(state.is_none() || from.is_empty());
        state
    }

    #[test]
    fn a_fixed_window_is_its_count_and_the_span_to_its_end() {
        let window = FixedWindow::new(5, at(AT + 256));
        let bytes = [5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let moved = moved::<FixedWindow>(&window.into(), &bytes);
        assert_eq!(FixedWindow::from(moved), FixedWindow::new(5, at(266)));
    }

    #[test]
    fn a_sliding_window_is_its_counts_and_the_span_to_their_end() {
        let window = SlidingWindow::new(5, u32::MAX.into(), at(AT + 1));
        let bytes = [5, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0];
        let moved = moved::<SlidingWindow>(&window.into(), &bytes);
        let expected = SlidingWindow::new(5, u32::MAX.into(), at(11));
        assert_eq!(SlidingWindow::from(moved), expected);
    }

    fn log(released_at: &[u64]) -> Log {
        let mut log = FixedLog::EMPTY;
        for released_at in released_at {
            let pushed = log.push(Run {
                released_at: at(*released_at),
                units: 1,
            });
            assert_eq!(pushed, Ok(()));
        }
        MovingWindow::new(log)
    }

    fn releases(window: &Log) -> std::vec::Vec<u64> {
        let log = window.log();
        let runs = (0..log.len()).filter_map(|number| log.run(number));
        runs.map(|run| run.released_at.as_micros()).collect()
    }

    #[test]
    fn a_log_is_its_units_and_the_spans_to_their_release() {
        let log = log(&[AT + 1, AT + 2, AT + 2]);
        #[rustfmt::skip]
        let bytes = [
            3, 0,
            1, 0, 0, 0, 0, 0, 0, 0,
            2, 0, 0, 0, 0, 0, 0, 0,
            2, 0, 0, 0, 0, 0, 0, 0,
        ];
        let moved = moved::<Log>(&log, &bytes);
        assert_eq!(releases(&moved), [11, 12, 12]);
        assert_eq!(Window::expires_at(&moved), at(12));
    }

    #[test]
    fn a_log_is_saved_without_the_units_that_are_released() {
        let log = log(&[AT - 1, AT, AT + 9]);
        let bytes = [1, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(releases(&moved::<Log>(&log, &bytes)), [19]);
    }

    #[test]
    fn a_log_whose_releases_go_back_is_refused() {
        let mut bytes = [0; 18];
        (bytes[0], bytes[2], bytes[10]) = (2, 6, 5);
        assert!(restored::<Log>(&bytes).is_none());
        bytes[10] = 6;
        assert!(restored::<Log>(&bytes).is_some());
    }

    #[test]
    fn a_log_of_more_units_than_it_has_room_for_is_refused() {
        let mut bytes = [0; 34];
        bytes[0] = 4;
        assert!(restored::<Log>(&bytes).is_none());
    }
}
