//! The bytes of each kind of window.

use super::number::halves;
use super::{
    AirtimeWindow, FixedWindow, GcraWindow, Level, MovingWindow, Run, RunLog, SlidingWindow,
    StateReader, StateWriter, WindowBytes,
};
use crate::time::{Micros, Timestamp};

/// The counter, and the span to the end.
impl WindowBytes for FixedWindow {
    const KIND: u8 = 1;

    fn write(&self, to: &mut StateWriter<'_>) -> Option<()> {
        to.put_count(self.units())?;
        to.put_instant(self.end())
    }

    fn read(from: &mut StateReader<'_>) -> Option<Self> {
        let count = from.take_count()?;
        let expires_at = from.take_instant()?;
        Some(Self::new(count, expires_at))
    }
}

/// The previous and the current counter, and the span to when neither counts any more.
///
/// How much the previous one weighs is a matter of the limit's period, which a
/// slot doesn't know; that span is all that it takes.
impl WindowBytes for SlidingWindow {
    const KIND: u8 = 2;

    fn write(&self, to: &mut StateWriter<'_>) -> Option<()> {
        to.put_count(self.previous())?;
        to.put_count(self.current())?;
        to.put_instant(self.end())
    }

    fn read(from: &mut StateReader<'_>) -> Option<Self> {
        let previous = from.take_count()?;
        let current = from.take_count()?;
        let expires_at = from.take_instant()?;
        Some(Self::new(previous, current, expires_at))
    }
}

/// How many runs are not released, and for each its units and the span to its
/// release, that of the oldest first.
impl<L: RunLog> WindowBytes for MovingWindow<L> {
    const KIND: u8 = 3;

    fn write(&self, to: &mut StateWriter<'_>) -> Option<()> {
        let (log, now) = (self.log(), to.now());
        let released = |number: &usize| log.run(*number).is_some_and(|run| run.released_at <= now);
        let released = (0..log.len()).take_while(released).count();
        to.put_count(u64::try_from(log.len() - released).ok()?)?;
        for number in released..log.len() {
            let run = log.run(number)?;
            to.put_count(run.units)?;
            to.put_instant(run.released_at)?;
        }
        Some(())
    }

    fn read(from: &mut StateReader<'_>) -> Option<Self> {
        let runs = from.take_count()?;
        let mut log = L::EMPTY;
        let mut newest = Timestamp::ZERO;
        let mut all = 0_u64;
        for _ in 0..runs {
            let units = from.take_count()?;
            let released_at = from.take_instant()?;
            all = all.checked_add(units)?;
            // A log that has no room for them would forget some.
            if released_at < newest || units == 0 || all > L::ROOM {
                return None;
            }
            newest = released_at;
            log.push(Run { released_at, units });
        }
        Some(Self::new(log))
    }
}

/// The span to the end of the open bucket and the length of a bucket in 8 bytes
/// each, and the units of all buckets, the oldest first.
///
/// Reserved units count as taken when the state is written: nobody knows whether
/// they were used.
impl<const B: usize> WindowBytes for AirtimeWindow<B> {
    const KIND: u8 = 4;

    fn write(&self, to: &mut StateWriter<'_>) -> Option<()> {
        let (left, width, mut buckets) = self.saved(to.now());
        to.put(&left.as_micros().to_le_bytes())?;
        to.put(&width.as_micros().to_le_bytes())?;
        buckets.try_for_each(|units| to.put_count(units.into()))
    }

    fn read(from: &mut StateReader<'_>) -> Option<Self> {
        let left = Micros::from_micros(u64::from_le_bytes(from.take()?));
        let width = Micros::from_micros(u64::from_le_bytes(from.take()?));
        let (now, slept) = (from.now(), from.slept());
        let bucket = || u32::try_from(from.take_count()?).ok();
        Self::restored((left, width), bucket, now, slept)
    }
}

/// The upper and the lower half of what is missing, the rate and the count of units
/// given back, and the span to the instant at which so much is missing.
impl<N: Level> WindowBytes for GcraWindow<N> {
    const KIND: u8 = 6;

    fn write(&self, to: &mut StateWriter<'_>) -> Option<()> {
        let window = self.at(to.now()).widened();
        let [upper, lower] = halves(window.missing());
        to.put_count(upper)?;
        to.put_count(lower)?;
        to.put_count(window.rate())?;
        to.put_count(window.given())?;
        to.put_instant(window.since())
    }

    fn read(from: &mut StateReader<'_>) -> Option<Self> {
        let upper = from.take_count()?;
        let lower = from.take_count()?;
        let rate = from.take_count()?;
        let given = from.take_count()?;
        let missing = N::of_halves(upper, lower)?;
        // What the sleep left of the way to the instant, or was longer by than that.
        let span = Micros::from_micros(u64::from_le_bytes(from.take()?));
        let slept = Timestamp::ZERO.saturating_add(from.slept());
        let reached = Timestamp::ZERO.saturating_add(span);
        let since = from.now().saturating_add(reached.saturating_since(slept));
        let refilled = N::product(rate, slept.saturating_since(reached).as_micros());
        Some(Self::new(missing.minus(refilled), since, rate, given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::FixedLog;
    use crate::window::Window;

    type Log = MovingWindow<FixedLog<3>>;

    const AT: u64 = 1_000;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    /// Checks that a window is written as these bytes at `AT`, and read 990 earlier
    /// from them and no fewer; and tells what is read.
    fn moved<W: WindowBytes>(window: &W, bytes: &[u8]) -> W {
        let mut buffer = [0; 64];
        let mut writer = StateWriter::new(&mut buffer, at(AT));
        assert_eq!(window.write(&mut writer), Some(()));
        assert_eq!(writer.into_written(), bytes);
        for len in 0..bytes.len() {
            assert!(read::<W>(&bytes[..len], 0).is_none(), "{len} bytes");
            let mut writer = StateWriter::new(&mut buffer[..len], at(AT));
            assert_eq!(window.write(&mut writer), None, "{len} bytes");
        }
        read(bytes, 0).expect("a window was written")
    }

    fn read<W: WindowBytes>(bytes: &[u8], slept: u64) -> Option<W> {
        let mut from = StateReader::new(bytes, at(10), Micros::from_micros(slept));
        let window = W::read(&mut from);
        assert!(window.is_none() || from.is_empty());
        window
    }

    #[test]
    fn a_fixed_window_is_its_count_and_the_span_to_its_end() {
        let window = FixedWindow::new(5, at(AT + 256));
        let moved = moved(&window, &[5, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(moved, FixedWindow::new(5, at(266)));
    }

    #[test]
    fn a_sliding_window_is_its_counts_and_the_span_to_their_end() {
        let window = SlidingWindow::new(5, 300, at(AT + 1));
        let moved = moved(&window, &[5, 0xAC, 2, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(moved, SlidingWindow::new(5, 300, at(11)));
    }

    #[test]
    fn a_bucket_is_what_is_missing_from_it_now() {
        // 3 units of a period of 100 µs, refilled by 2 a microsecond for 25 µs.
        let window = GcraWindow::new(300_u128, at(AT - 25), 2, 7);
        let bytes = [0, 0xFA, 1, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(moved(&window, &bytes), GcraWindow::new(250, at(10), 2, 7));
        let slept = read::<GcraWindow<u64>>(&bytes, 50);
        assert_eq!(slept, Some(GcraWindow::new(150, at(10), 2, 7)));
    }

    #[test]
    fn a_bucket_that_does_not_fit_its_number_is_refused() {
        let bytes = [1, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(read::<GcraWindow<u64>>(&bytes, 0).is_none());
        assert!(read::<GcraWindow<u128>>(&bytes, 0).is_some());
    }

    #[test]
    fn by_an_origin_in_the_past_all_instants_are_kept() {
        let mut buffer = [0; 64];
        let mut writer = StateWriter::new(&mut buffer, Timestamp::ZERO);
        let window = GcraWindow::new(1_u128 << 100, at(AT), 2, u64::MAX);
        assert_eq!(window.write(&mut writer), Some(()));
        let mut reader = StateReader::new(&buffer, Timestamp::ZERO, Micros::ZERO);
        assert_eq!(GcraWindow::read(&mut reader), Some(window));
    }

    fn log(released_at: &[u64]) -> Log {
        let mut log = FixedLog::EMPTY;
        for released_at in released_at {
            log.push(Run {
                released_at: at(*released_at),
                units: 1,
            });
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
            3,
            1, 1, 0, 0, 0, 0, 0, 0, 0,
            1, 2, 0, 0, 0, 0, 0, 0, 0,
            1, 2, 0, 0, 0, 0, 0, 0, 0,
        ];
        let moved = moved(&log, &bytes);
        assert_eq!(releases(&moved), [11, 12, 12]);
        assert_eq!(Window::expires_at(&moved), at(12));
    }

    #[test]
    fn a_log_is_written_without_the_units_that_are_released() {
        let log = log(&[AT - 1, AT, AT + 9]);
        let bytes = [1, 1, 9, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(releases(&moved(&log, &bytes)), [19]);
    }

    #[test]
    fn a_log_whose_releases_go_back_is_refused() {
        let mut bytes = [0; 19];
        (bytes[0], bytes[1], bytes[2], bytes[10], bytes[11]) = (2, 1, 6, 1, 5);
        assert!(read::<Log>(&bytes, 0).is_none());
        bytes[11] = 6;
        assert!(read::<Log>(&bytes, 0).is_some());
    }

    #[test]
    fn a_log_of_more_units_than_it_has_room_for_is_refused() {
        let bytes = [1, 4, 9, 0, 0, 0, 0, 0, 0, 0];
        assert!(read::<Log>(&bytes, 0).is_none());
        let bytes = [1, 3, 9, 0, 0, 0, 0, 0, 0, 0];
        assert!(read::<Log>(&bytes, 0).is_some());
    }
}
